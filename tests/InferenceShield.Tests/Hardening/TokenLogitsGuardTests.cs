namespace InferenceShield.Tests;

public sealed class TokenLogitsGuardTests
{
    private const int Vocabulary = 400;

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(true, true, false)]
    public void Allows_one_of_both(bool usesLogitBias, bool wantsLogProbabilities, bool expected)
    {
        Assert.Equal(expected, TokenLogitsGuard.Allows(usesLogitBias, wantsLogProbabilities));
        if (expected)
        {
            TokenLogitsGuard.Check(usesLogitBias, wantsLogProbabilities);
            return;
        }

        InvalidQueryException thrown = Assert.Throws<InvalidQueryException>(() => TokenLogitsGuard.Check(usesLogitBias, wantsLogProbabilities));
        Assert.Contains("logit bias", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("log-probabilities", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Leave out", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>The attack of Carlini et al. 2024: lift four tokens and a reference at a time into the top five, and take the difference.</summary>
    [Fact]
    public void Bias_with_log_probabilities_gives_the_whole_row_away_without_the_guard()
    {
        float[] logits = MakeLogits();
        double[] stolen = Steal(new Service(logits, IsGuarded: false));
        double[] truth = [.. logits.Select(logit => (double)logit - logits[0])];
        Assert.All(stolen.Zip(truth), pair => Assert.Equal(pair.Second, pair.First, 0.0101)); // two numbers of two decimals
    }

    [Fact]
    public void With_the_guard_the_attack_has_nothing_to_ask_with()
    {
        float[] logits = MakeLogits();
        Service service = new(logits, IsGuarded: true);
        Assert.Throws<InvalidQueryException>(() => Steal(service));

        // What is left: the five leading tokens without a bias, over and over the same; and tokens without numbers.
        Dictionary<int, float> once = service.Ask([]);
        Assert.Equal(5, once.Count);
        Assert.Equal(once, service.Ask([]));
        Assert.Equal(logits.OrderDescending().Take(5), once.Keys.Select(token => logits[token]).OrderDescending());
        Assert.Equal(7, service.Sample(new Dictionary<int, float> { [7] = 100 }));
    }

    private static double[] Steal(Service service)
    {
        double[] relative = new double[Vocabulary];
        for (int first = 1; first < Vocabulary; first += 4)
        {
            int[] lifted = [0, .. Enumerable.Range(first, Math.Min(4, Vocabulary - first))];
            Dictionary<int, float> answer = service.Ask(lifted.ToDictionary(token => token, _ => 60f));
            foreach (int token in lifted)
            {
                relative[token] = answer[token] - (double)answer[0];
            }
        }

        return relative;
    }

    private static float[] MakeLogits()
    {
        // Apart by more than the strict leader costs: ties of the leader are not what is tested here.
        Random random = new(1);
        float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(i => 0.05f * i)];
        random.Shuffle(logits);
        return logits;
    }

    private sealed record Service(float[] Logits, bool IsGuarded)
    {
        public Dictionary<int, float> Ask(Dictionary<int, float> bias)
        {
            if (IsGuarded)
            {
                TokenLogitsGuard.Check(bias.Count > 0, wantsLogProbabilities: true);
            }

            int[] tokens = new int[5];
            float[] logProbabilities = new float[5];
            Assert.True(TokenLogitsHardening.TrySelect(new TokenLogitsPlan(5, 2), Biased(bias), tokens, logProbabilities, out _, out _));
            return tokens.Zip(logProbabilities).ToDictionary(pair => pair.First, pair => pair.Second);
        }

        public int Sample(Dictionary<int, float> bias)
        {
            TokenLogitsGuard.Check(bias.Count > 0, wantsLogProbabilities: false);
            return Assertions.FirstOfLargest(Biased(bias));
        }

        private float[] Biased(Dictionary<int, float> bias) => [.. Logits.Select((logit, token) => logit + bias.GetValueOrDefault(token))];
    }
}
