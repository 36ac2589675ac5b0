using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class TokenWatermarkTests
{
    private const int Vocabulary = 3001;

    /// <summary>What is raised in a row is what the detector counts, token by token.</summary>
    [Theory]
    [InlineData(0.25, false, null)]
    [InlineData(0.5, false, 1)]
    [InlineData(0.3, false, 4)]
    [InlineData(0.9, false, 8)]
    [InlineData(0.25, true, null)]
    [InlineData(0.62, true, 8)]
    public void Marks_the_tokens_that_it_finds(double share, bool selfHash, int? context)
    {
        using MarkKey key = MarkKeys.Make(1);
        GreenListMarkOptions options = new() { Share = share, SelfHash = selfHash, Context = context, Bias = 2 };
        TokenWatermark mark = new(key, options);
        GreenList list = new(key, options);
        Random random = new(2);
        int[] before = MakeText(random, 20);
        float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => -8 * random.NextSingle())];
        if (selfHash)
        {
            Array.Fill(logits, -40f, 100, Vocabulary - 200); // leaves the first and last 100 in reach
        }

        float[] marked = [.. logits];
        Assert.True(mark.Mark(marked, before));
        int green = 0;
        for (int token = 0; token < Vocabulary; token++)
        {
            bool isGreen = list.IsGreen(before.AsSpan()[^mark.ContextLength..], token, out _);
            bool isLeft = selfHash && logits[token] == -40f;
            Assert.Equal(logits[token] + (isGreen && !isLeft ? 2 : 0), marked[token]);
            green += isGreen ? 1 : 0;
        }

        Assert.InRange((green - (share * Vocabulary)) / Math.Sqrt(Vocabulary * share * (1 - share)), -4.5, 4.5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lists_change_with_key_and_context(bool selfHash)
    {
        GreenListMarkOptions options = new() { Share = 0.5, SelfHash = selfHash };
        using MarkKey key = MarkKeys.Make(1);
        using MarkKey other = MarkKeys.Make(2);
        GreenList list = new(key, options);
        GreenList foreign = new(other, options);
        int sameKey = 0;
        int sameContext = 0;
        int[] context = new int[list.Context];
        int[] edited = [.. Enumerable.Repeat(7, list.Context)];
        for (int token = 0; token < 2000; token++)
        {
            bool green = list.IsGreen(context, token, out _);
            sameKey += green == foreign.IsGreen(context, token, out _) ? 1 : 0;
            sameContext += green == list.IsGreen(edited, token, out _) ? 1 : 0;
        }

        Assert.InRange(sameKey, 900, 1100);
        // All of the context replaced: by the token's own rank one colour in two still is the same pair's (0, 7 and itself: a third of pairs), else by chance.
        Assert.InRange(sameContext, selfHash ? 1240 : 900, selfHash ? 1430 : 1100);
    }

    [Fact]
    public void An_edit_of_one_token_in_three_leaves_most_colours_of_a_self_hashed_list()
    {
        using MarkKey key = MarkKeys.Make(1);
        GreenList list = new(key, new GreenListMarkOptions { Share = 0.5 });
        int moved = 0;
        for (int token = 0; token < 4000; token++)
        {
            list.IsGreen([10_000, 10_001, 10_002], token, out ulong source);
            list.IsGreen([10_000, 10_003, 10_002], token, out ulong after);
            moved += source == after ? 0 : 1;
        }

        // The least of five ranks is the old or the new token's: 2 in 5.
        Assert.InRange(moved / 4000.0, 0.37, 0.43);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Over_keys_z_of_a_text_full_of_repeats_has_mean_0_and_variance_1(bool selfHash)
    {
        // Of twelve words most pairs come again, and turned round.
        Random random = new(5);
        int[] text = [.. Enumerable.Range(0, 300).Select(_ => random.Next(12))];
        const int Keys = 2000;
        double sum = 0;
        double square = 0;
        for (int i = 0; i < Keys; i++)
        {
            byte[] bytes = new byte[MarkKey.Size];
            random.NextBytes(bytes);
            using MarkKey key = MarkKey.Import(bytes, "test", "model");
            double z = new TokenWatermark(key, new GreenListMarkOptions { Share = 0.25, SelfHash = selfHash }).Detect(text).Z;
            sum += z;
            square += z * z;
        }

        Assert.InRange(sum / Keys, -0.1, 0.1);
        Assert.InRange(square / Keys, 0.88, 1.12);
    }

    [Fact]
    public void Z_and_p_are_those_of_the_published_formulas()
    {
        using MarkKey key = MarkKeys.Make(3);
        TokenWatermark mark = new(key, new GreenListMarkOptions { Share = 0.25, SelfHash = false });
        GreenList list = new(key, new GreenListMarkOptions { Share = 0.25, SelfHash = false });
        int[] text = MakeText(new Random(1), 400);
        HashSet<(int, int)> pairs = [];
        int green = 0;
        for (int i = 1; i < text.Length; i++)
        {
            green += pairs.Add((text[i - 1], text[i])) && list.IsGreen(text.AsSpan(i - 1, 1), text[i], out _) ? 1 : 0;
        }

        int count = pairs.Count;
        TokenDetection found = mark.Detect([.. text, .. text]); // repeats are scored once, but for the seam
        Assert.InRange(found.Tokens, count, count + 1);
        found = mark.Detect(text);
        Assert.Equal(count, found.Tokens);
        Assert.Equal((double)green / count, found.Score, 12);
        Assert.Equal((green - (0.25 * count)) / Math.Sqrt(count * 0.25 * 0.75), found.Z, 9);
        double tail = 0;
        for (int heads = green; heads <= count; heads++)
        {
            double log = (heads * Math.Log(0.25)) + ((count - heads) * Math.Log(0.75));
            for (int i = 1; i <= heads; i++)
            {
                log += Math.Log((count - heads + i) / (double)i);
            }

            tail += Math.Exp(log);
        }

        Assert.Equal(1, found.PValue / tail, 8);
    }

    [Fact]
    public void Short_contexts_and_rows_without_a_token_are_left_and_faults_are_named()
    {
        using MarkKey key = MarkKeys.Make(3);
        TokenWatermark mark = new(key, new GreenListMarkOptions());
        float[] logits = [0, 1, float.NegativeInfinity, 2];
        Assert.False(mark.Mark(logits, [1, 2]));
        Assert.Equal([0, 1, float.NegativeInfinity, 2], logits);
        Assert.True(mark.Mark(logits, [1, 2, 3]));
        Assert.Equal(float.NegativeInfinity, logits[2]);
        Assert.False(mark.Mark(new float[] { float.NegativeInfinity }, [1, 2, 3]));
        Assert.Contains("Logit 1 is NaN", Assert.Throws<ArgumentException>(() => mark.Mark([0, float.NaN], [1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.Contains("Logit 0", Assert.Throws<ArgumentException>(() => mark.Mark([float.PositiveInfinity, 1], [1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.Equal(new TokenDetection(0, 0, 0.25, 0, 1, 0, 0), mark.Detect([1, 2, 3]));
    }

    [Fact]
    public void A_history_marks_a_context_once_and_forgets_the_oldest()
    {
        using MarkKey key = MarkKeys.Make(3);
        TokenWatermark mark = new(key, new TournamentMarkOptions { Context = 2 });
        TokenHistory history = new(2);
        float[] logits = new float[50];
        Assert.False(mark.Mark(logits, [1], history));
        Assert.True(mark.Mark(logits, [1, 2], history));
        Assert.False(mark.Mark(logits, [9, 1, 2], history));
        Assert.True(mark.Mark(logits, [2, 3], history));
        Assert.True(mark.Mark(logits, [3, 4], history)); // pushes out the first
        Assert.True(mark.Mark(logits, [1, 2], history));
        history.Clear();
        Assert.True(mark.Mark(logits, [1, 2], history));
    }

    [Fact]
    public void Over_keys_a_tournament_leaves_chances_as_they_are()
    {
        float[] logits = [0, -0.5f, -1, -2, -3, 0.3f];
        double[] clean = Softmax(logits);
        double[] mean = new double[logits.Length];
        const int Keys = 3000;
        for (int seed = 0; seed < Keys; seed++)
        {
            using MarkKey key = MarkKeys.Make(seed);
            float[] marked = [.. logits];
            Assert.True(new TokenWatermark(key, new TournamentMarkOptions()).Mark(marked, [1, 2, 3, 4]));
            double[] shares = Softmax(marked);
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += shares[i] / Keys;
            }
        }

        for (int i = 0; i < mean.Length; i++)
        {
            Assert.Equal(clean[i], mean[i], 4.5 * Math.Sqrt(clean[i] * (1 - clean[i]) / Keys));
        }
    }

    [Fact]
    public void A_tournament_is_the_formula_of_the_paper()
    {
        using MarkKey key = MarkKeys.Make(5);
        TournamentMarkOptions options = new() { Layers = 7, Context = 3 };
        Tournament tournament = new(key, options);
        Random random = new(3);
        float[] logits = [.. Enumerable.Range(0, 200).Select(_ => 6 * random.NextSingle())];
        double[] expected = Softmax(logits);
        uint[] draws = [.. Enumerable.Range(0, logits.Length).Select(token => tournament.Draw([4, 5, 6], token, out _))];
        for (int layer = 0; layer < 7; layer++)
        {
            double mass = expected.Zip(draws, (share, draw) => share * (draw >> layer & 1)).Sum();
            expected = [.. expected.Zip(draws, (share, draw) => share * (1 + (draw >> layer & 1) - mass))];
        }

        Assert.True(new TokenWatermark(key, options).Mark(logits, [4, 5, 6]));
        double[] found = Softmax(logits);
        Assert.All(found.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 2e-6));
    }

    [Fact]
    public void A_tournaments_z_and_p_are_those_of_fair_bits()
    {
        using MarkKey key = MarkKeys.Make(6);
        TournamentMarkOptions options = new() { Layers = 4, Context = 2 };
        Tournament tournament = new(key, options);
        double[] weights = [10 / 22.0, 7 / 22.0, 4 / 22.0, 1 / 22.0];
        int[] text = MakeText(new Random(2), 150);
        double sum = 0;
        HashSet<(int, int)> contexts = [];
        for (int i = 2; i < text.Length; i++)
        {
            uint draw = tournament.Draw(text.AsSpan(i - 2, 2), text[i], out _);
            sum += contexts.Add((text[i - 2], text[i - 1])) ? weights.Select((weight, layer) => weight * (draw >> layer & 1)).Sum() : 0;
        }

        TokenWatermark mark = new(key, options);
        TokenDetection found = mark.Detect(text);
        double mean = sum / contexts.Count;
        Assert.Equal((contexts.Count, mean), (found.Tokens, found.Score), (x, y) => x.Item1 == y.Item1 && Math.Abs(x.Item2 - y.Item2) < 1e-12);
        Assert.Equal((mean - 0.5) / Math.Sqrt(weights.Sum(weight => weight * weight) / 4 / contexts.Count), found.Z, 9);
        TokenDetection part = mark.DetectWindow(text, 20);
        Assert.Equal(Math.Min(1, tournament.Tail(part.Score, 20) * (found.Tokens - 19)), part.PValue, 12);

        // Forty tokens, in 22nds, by adding up the distribution; the formula knows no steps, of which half a one is some per cent here.
        double[] chances = [1];
        for (int token = 0; token < 40; token++)
        {
            double[] next = new double[chances.Length + 22];
            for (int bits = 0; bits < 16; bits++)
            {
                int score = (10 * (bits & 1)) + (7 * (bits >> 1 & 1)) + (4 * (bits >> 2 & 1)) + (bits >> 3);
                for (int i = 0; i < chances.Length; i++)
                {
                    next[i + score] += chances[i] / 16;
                }
            }

            chances = next;
        }

        foreach (double share in (ReadOnlySpan<double>)[0.55, 0.6, 0.7, 0.8, 0.9])
        {
            int steps = (int)Math.Round(share * 22 * 40);
            Assert.InRange(CoinSumTail.Of((steps - 0.5) / (22 * 40), 40, weights) / chances[steps..].Sum(), 0.97, 1.03);
        }
    }

    [Fact]
    public void A_tournament_of_one_round_has_the_p_of_coins()
    {
        int[] text = MakeText(new Random(2), 40);
        for (int number = 0; number < 20; number++)
        {
            using MarkKey key = MarkKeys.Make(number);
            TokenDetection found = new TokenWatermark(key, new TournamentMarkOptions { Layers = 1, Context = 2 }).Detect(text);
            double tail = 0;
            double term = 1; // of C(n, k)
            for (int heads = found.Tokens; heads >= Math.Round(found.Score * found.Tokens); heads--)
            {
                tail += term * Math.Pow(2, -found.Tokens);
                term *= heads / (found.Tokens - heads + 1.0);
            }

            Assert.Equal(1, found.PValue / tail, 9);
        }
    }

    /// <summary>Against the distribution by adding up, down to the last of the tail.</summary>
    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 5)]
    [InlineData(2, 40)]
    [InlineData(3, 12)]
    [InlineData(4, 12)]
    [InlineData(4, 500)]
    [InlineData(10, 12)]
    public void A_tournaments_p_of_few_rounds_is_exact(int layers, int tokens)
    {
        using MarkKey key = MarkKeys.Make(7);
        Tournament tournament = new(key, new TournamentMarkOptions { Layers = layers, Context = 2 });
        Assert.True(tournament.IsExact(tokens));
        double[] tails = MakeTails(layers, tokens);
        for (int steps = 0; steps < tails.Length; steps++)
        {
            if (tails[steps] > 1e-290)
            {
                Assert.Equal(1, tournament.Tail(steps / (tails.Length - 1.0), tokens) / tails[steps], 9);
            }
        }
    }

    [Theory]
    [InlineData(12, 8)]
    [InlineData(15, 3)]
    [InlineData(30, 1)]
    [InlineData(30, 2)]
    [InlineData(30, 6)]
    public void A_tournaments_p_by_the_formula_is_nowhere_too_small(int layers, int tokens)
    {
        using MarkKey key = MarkKeys.Make(7);
        Tournament tournament = new(key, new TournamentMarkOptions { Layers = layers, Context = 2 });
        Assert.False(tournament.IsExact(tokens));
        double[] tails = MakeTails(layers, tokens);
        for (int steps = tails.Length / 2; steps < tails.Length; steps++)
        {
            double ratio = tournament.Tail(steps / (tails.Length - 1.0), tokens) / tails[steps];
            Assert.InRange(ratio, 1 / 1.1, tails[steps] > 1e-6 ? 2.5 : 100);
        }
    }

    [Fact]
    public void The_p_of_a_long_text_is_the_same_counted_through_and_by_the_formula()
    {
        using MarkKey key = MarkKeys.Make(7);
        Tournament tournament = new(key, new TournamentMarkOptions { Layers = 4, Context = 2 });
        int least = Enumerable.Range(1, 10_000).First(tokens => !tournament.IsExact(tokens));
        foreach (double mean in (double[])[0.5, 0.505, 0.51, 0.53, 0.57])
        {
            Assert.InRange(tournament.Tail(mean, least) / tournament.Tail(mean, least - 1), 0.9, 1.1);
        }
    }

    [Fact]
    public void A_marked_passage_is_found_in_a_longer_text()
    {
        using MarkKey key = MarkKeys.Make(4);
        TokenWatermark mark = new(key, new GreenListMarkOptions { Bias = 6, SelfHash = false });
        Random random = new(5);
        int[] plain = MakeText(random, 2000);
        List<int> passage = [.. plain.Take(1)];
        for (int i = 0; i < 100; i++)
        {
            float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => random.NextSingle())];
            mark.Mark(logits, passage.ToArray());
            passage.Add(Assertions.FirstOfLargest(logits));
        }

        int[] text = [.. plain.Take(900), .. passage, .. plain.Skip(900)];
        TokenDetection found = mark.DetectWindow(text, 90);
        Assert.InRange(found.Start, 890, 930);
        Assert.True(found.PValue < 1e-40, $"p is {found.PValue}");
        Assert.True(mark.DetectWindow(plain, 90).PValue > 0.001);
    }

    /// <summary>Of each sum of fair bits with the paper's weights, in steps from 0 on, the chance of it or a larger one.</summary>
    private static double[] MakeTails(int layers, int tokens)
    {
        int[] steps = [.. Enumerable.Range(0, layers).Select(layer => (10 * (layers - 1)) - (9 * layer))];
        int divisor = layers % 9 == 1 ? 9 : layers % 3 == 1 ? 3 : 1;
        double[] tails = [1];
        foreach (int step in Enumerable.Repeat(steps, tokens).SelectMany(each => each))
        {
            double[] next = new double[tails.Length + (step / divisor)];
            for (int i = 0; i < tails.Length; i++)
            {
                next[i] += tails[i] / 2;
                next[i + (step / divisor)] += tails[i] / 2;
            }

            tails = next;
        }

        for (int i = tails.Length - 2; i >= 0; i--)
        {
            tails[i] += tails[i + 1];
        }

        return tails;
    }

    private static int[] MakeText(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];

    private static double[] Softmax(float[] logits)
    {
        double[] exponentials = [.. logits.Select(logit => Math.Exp(logit - (double)logits.Max()))];
        double sum = exponentials.Sum();
        return [.. exponentials.Select(value => value / sum)];
    }
}
