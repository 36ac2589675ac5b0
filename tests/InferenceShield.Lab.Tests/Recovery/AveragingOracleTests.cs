namespace InferenceShield.Lab.Tests;

public sealed class AveragingOracleTests
{
    private const int Classes = 10;
    private const int Rows = 300;

    [Fact]
    public async Task Sixty_four_repeats_against_keyed_noise_gain_nothing()
    {
        float[] clean = TestAnswers.Draw(Rows, Classes);
        ReleasePolicy policy = ReleasePolicies.KeyedNoise(Classes, 0.5);
        float[] once = await Average(clean, policy, 1);
        float[] often = await Average(clean, policy, 64);
        Assert.True(TestAnswers.Distance(clean, once, Classes) > 0.3);
        for (int i = 0; i < once.Length; i++)
        {
            Assert.Equal(once[i], often[i]); // to the bit
        }
    }

    [Fact]
    public async Task Sixty_four_repeats_against_fresh_noise_divide_the_error_by_eight()
    {
        // All values are eight standard deviations from 0, so nothing is clipped and only the division by the sum is nonlinear.
        float[] clean = TestAnswers.Draw(Rows, 4, prior: AnswerPrior.Dirichlet(400, 400));
        ReleasePolicy policy = BaselinePolicies.GaussianNoise(0.02);
        double once = TestAnswers.Distance(clean, await Average(clean, policy, 1, 4), 4);
        double often = TestAnswers.Distance(clean, await Average(clean, policy, 64, 4), 4);
        Assert.InRange(once / often, 7.2, 8.8);
    }

    [Fact]
    public async Task Against_clipped_noise_the_mean_keeps_the_bias_of_clipping_and_the_label_is_found()
    {
        float[] clean = TestAnswers.Draw(Rows, Classes);
        ReleasePolicy policy = BaselinePolicies.GaussianNoise(0.2);
        float[] often = await Average(clean, policy, 64);
        float[] oftener = await Average(clean, policy, 256);
        double bias = TestAnswers.Distance(clean, oftener, Classes);
        Assert.True(bias > 0.3);
        Assert.InRange(TestAnswers.Distance(clean, often, Classes), bias * 0.95, bias * 1.1);
        Assert.InRange(UtilityMetrics.Measure(clean, oftener, [], Classes).TopChanged, 0, 0.02);
    }

    [Fact]
    public async Task Votes_are_the_shares_of_labels()
    {
        int asked = 0;
        DelegateOracle oracle = new(1, 3, (inputs, answers) =>
        {
            for (int row = 0; row < inputs.Length; row++)
            {
                // Labels 0, 1, 1, 2 in turn.
                ((float[][])[[0.6f, 0.3f, 0.1f], [0.2f, 0.5f, 0.3f], [0.4f, 0.6f, 0f], [0f, 0.1f, 0.9f]])[asked++ % 4].CopyTo(answers.Span[(row * 3)..]);
            }
        });
        float[] votes = new float[6];
        OracleReply reply = await AveragingOracle.OverRepeats(oracle, 4, countsLabels: true).AskAsync(new float[2], votes, default);
        Assert.Equal(new OracleReply(2), reply);
        Assert.Equal([0.25, 0.5, 0.25, 0.25, 0.5, 0.25], votes.Select(vote => Math.Round(vote, 6)));
        Assert.Equal(8, asked);
    }

    [Fact]
    public async Task Rows_that_were_refused_have_no_answer_and_the_one_in_between_what_it_got()
    {
        // Ten queries: two rows of four, and half of a third.
        int asked = 0;
        DelegateOracle counted = new(1, 1, (inputs, answers) =>
        {
            for (int row = 0; row < inputs.Length; row++)
            {
                answers.Span[row] = asked++;
            }
        });
        float[] means = new float[5];
        OracleReply reply = await AveragingOracle.OverRepeats(new BudgetOracle(counted, 10), 4).AskAsync(new float[5], means, default);
        Assert.Equal(3, reply.Answered);
        Assert.Equal(2, reply.Unasked);
        Assert.False(reply.WaitingHelps);
        Assert.Equal([1.5f, 5.5f, 8.5f], means[..3]);
        Assert.Equal(10, asked);
    }

    [Fact]
    public async Task Near_repeats_are_the_row_itself_and_copies_as_far_as_each_value_spreads()
    {
        // The first value has a standard deviation of 3 over the pool, the second of none.
        Dataset pool = new("pool", new float[] { -3, 1, 3, 1 }, 2);
        List<float> heard = [];
        DelegateOracle oracle = new(2, 1, (inputs, _) => heard.AddRange(inputs.Span));
        await AveragingOracle.OverNearRepeats(oracle, 1000, 0.5, pool, seed: 3).AskAsync(new float[] { 10, 20 }, new float[1], default);
        Assert.Equal([10f, 20f], heard[..2]);
        double[] firsts = [.. heard.Where((_, i) => i % 2 == 0).Skip(1).Select(value => (double)value)];
        Assert.All(heard.Where((_, i) => i % 2 == 1), value => Assert.Equal(20f, value));
        Assert.InRange(firsts.Average(), 9.8, 10.2);
        Assert.InRange(Math.Sqrt(firsts.Sum(value => (value - 10) * (value - 10)) / firsts.Length), 1.4, 1.6);

        List<float> first = [.. heard];
        heard.Clear();
        await AveragingOracle.OverNearRepeats(oracle, 1000, 0.5, pool, seed: 3).AskAsync(new float[] { 10, 20 }, new float[1], default);
        Assert.Equal(first, heard);
    }

    [Fact]
    public async Task A_row_that_is_asked_later_has_copies_of_its_own()
    {
        Dataset pool = new("pool", new float[] { -3, 3 }, 1);
        List<float> heard = [];
        DelegateOracle oracle = new(1, 1, (inputs, _) => heard.AddRange(inputs.Span));
        AveragingOracle averaging = AveragingOracle.OverNearRepeats(oracle, 4, 0.5, pool, seed: 3);
        await averaging.AskAsync(new float[] { 10, 10 }, new float[2], default);
        await averaging.AskAsync(new float[] { 10 }, new float[1], default);
        Assert.Equal(3, heard.Count(value => value == 10f));
        Assert.Equal(9, heard.Where(value => value != 10f).Distinct().Count());
    }

    private static async Task<float[]> Average(float[] clean, ReleasePolicy policy, int repeats, int classes = Classes)
    {
        ReleaseOracle oracle = new(TestAnswers.Target(clean, classes), policy.Create(7));
        float[] inputs = [.. Enumerable.Range(0, clean.Length / classes).Select(row => (float)row)];
        float[] answers = new float[clean.Length];
        OracleReply reply = await AveragingOracle.OverRepeats(oracle, repeats).AskAsync(inputs, answers, default);
        Assert.Equal(inputs.Length, reply.Answered);
        return answers;
    }
}
