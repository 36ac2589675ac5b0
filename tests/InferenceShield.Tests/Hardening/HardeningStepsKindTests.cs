namespace InferenceShield.Tests;

/// <summary>Steps on what is no distribution: alone they release what a shield does, and they refuse what does not fit.</summary>
[Collection(ProcessWide.Name)]
public sealed class HardeningStepsKindTests
{
    private static readonly byte[] s_key = TestShield.Secret(5)[..16];
    private static readonly float[] s_row = [.. Enumerable.Range(0, 96).Select(i => MathF.Sin(i) * 3)];

    private delegate void Step(ReadOnlySpan<float> row, Span<float> released);

    [Fact]
    public void Each_step_alone_is_what_a_shield_releases_under_the_same_options()
    {
        byte[] dither = ShieldSecretTests.Hkdf(TestShield.Secret(1), "dither/model", 16);
        byte[] noise = ShieldSecretTests.Hkdf(TestShield.Secret(1), "embedding/model", 16);
        Same(OutputKind.SigmoidLogits, new HardeningOptions { Decimals = 3 }, (row, released) => HardeningSteps.RoundScores(row, released, OutputKind.SigmoidLogits, 3));
        Same(OutputKind.Regression, new HardeningOptions { SignificantDigits = 2 }, (row, released) => HardeningSteps.RoundValues(row, released, 2));
        Same(OutputKind.Regression, new HardeningOptions { QuantisationStep = 0.7 }, (row, released) => HardeningSteps.Quantise(row, released, 0.7, dither));
        Same(OutputKind.Embedding, new HardeningOptions { CosineBudget = 0.05 }, (row, released) => HardeningSteps.EmbeddingNoise(row, released, 0.05, noise));
        Same(OutputKind.TokenLogits, new HardeningOptions { TopK = 7, Decimals = 1 }, (row, released) => HardeningSteps.TopTokens(row, released, 7, 1));

        static void Same(OutputKind kind, HardeningOptions hardening, Step step)
        {
            using Shield shield = TestShield.Build(kind, hardening);
            float[] released = new float[s_row.Length];
            step(s_row, released);
            Assertions.SameBits(shield.Release(s_row, s_row.Length), released);
            float[] inPlace = [.. s_row];
            step(inPlace, inPlace);
            Assertions.SameBits(released, inPlace);
        }
    }

    [Fact]
    public void Scores_are_on_the_grid_and_on_their_side_of_their_threshold()
    {
        float[] probabilities = [.. Enumerable.Range(0, 1001).Select(i => i / 1000f)];
        float[] thresholds = [.. probabilities.Select((_, i) => ((i % 97) + 1) / 99f)];
        for (int decimals = 0; decimals <= 3; decimals++)
        {
            double step = Math.Pow(10, -decimals);
            float[] released = new float[1001];
            HardeningSteps.RoundScores(probabilities, released, OutputKind.SigmoidProbabilities, decimals, thresholds);
            for (int i = 0; i < released.Length; i++)
            {
                Assert.Equal(probabilities[i] >= thresholds[i], released[i] >= thresholds[i]);
                Assert.Equal(Math.Round(released[i] / step) * step, released[i], 1e-6);
                Assert.InRange(Math.Abs(released[i] - probabilities[i]), 0, step);
            }
        }

        float[] half = new float[1];
        HardeningSteps.RoundScores([1f], half, OutputKind.SigmoidLogits, 3);
        Assert.Equal(Math.Round(1 / (1 + Math.Exp(-1)), 3), half[0], 1e-6);

        // The thresholds of the call before stay behind.
        HardeningSteps.RoundScores([0.6f], half, OutputKind.SigmoidProbabilities, 0, [0.7f]);
        Assert.Equal(0, half[0]);
        HardeningSteps.RoundScores([0.6f], half, OutputKind.SigmoidProbabilities, 0);
        Assert.Equal(1, half[0]);
    }

    [Fact]
    public void A_cell_of_the_input_draws_its_own_noise_and_the_same_again()
    {
        foreach (Func<InputCell?, InputDigest?, float[]> run in (Func<InputCell?, InputDigest?, float[]>[])[Quantised, Turned])
        {
            float[] own = run(null, null);
            float[] cell = run(new InputCell(3), null);
            float[] exact = run(null, new InputDigest(4, 1));
            Assertions.SameBits(cell, run(new InputCell(3), null));
            Assertions.SameBits(exact, run(null, new InputDigest(4, 1)));
            Assert.Equal(4, new[] { own, cell, exact, run(new InputCell(5), null) }.Select(row => string.Join(' ', row)).Distinct().Count());
        }

        static float[] Quantised(InputCell? cell, InputDigest? digest)
        {
            float[] released = new float[s_row.Length];
            Choose(
                cell, digest,
                () => HardeningSteps.Quantise(s_row, released, 0.5, s_key),
                input => HardeningSteps.Quantise(s_row, released, 0.5, s_key, input),
                input => HardeningSteps.Quantise(s_row, released, 0.5, s_key, input));
            Assert.All(s_row.Zip(released), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.25001));
            return released;
        }

        static float[] Turned(InputCell? cell, InputDigest? digest)
        {
            float[] released = new float[s_row.Length];
            Choose(
                cell, digest,
                () => HardeningSteps.EmbeddingNoise(s_row, released, 0.1, s_key),
                input => HardeningSteps.EmbeddingNoise(s_row, released, 0.1, s_key, input),
                input => HardeningSteps.EmbeddingNoise(s_row, released, 0.1, s_key, input));
            Assert.InRange(Cosine(s_row, released), 0.9, 0.92);
            return released;
        }

        static void Choose(InputCell? cell, InputDigest? digest, Action own, Action<InputCell> byCell, Action<InputDigest> byDigest)
        {
            if (cell is { } region)
            {
                byCell(region);
            }
            else if (digest is { } exact)
            {
                byDigest(exact);
            }
            else
            {
                own();
            }
        }
    }

    [Fact]
    public void A_tenants_transform_comes_between_noise_and_rounding()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        EmbeddingTransform tenant = new(secret, "model", "tenant", s_row.Length);
        float[] turned = new float[s_row.Length];
        HardeningSteps.EmbeddingNoise(s_row, turned, 0.05, s_key, 5, tenant);
        Assert.InRange(Math.Abs(Cosine(s_row, turned)), 0, 0.5);
        float[] plain = new float[s_row.Length];
        HardeningSteps.EmbeddingNoise(s_row, plain, 0.05, s_key, 5);
        tenant.Invert(turned, turned);
        Assert.InRange(Cosine(plain, turned), 1 - 1e-6, 1.001);
        Refused("transform", "dimension 96, the vector of 2", () => HardeningSteps.EmbeddingNoise([1f, 2f], new float[2], 0, s_key, 3, tenant));
    }

    [Fact]
    public void Leading_tokens_are_the_same_as_a_row_and_as_pairs()
    {
        float[] row = new float[s_row.Length];
        HardeningSteps.TopTokens(s_row, row, 6, 2);
        int[] tokens = new int[6];
        float[] logProbabilities = new float[6];
        HardeningSteps.TopTokens(s_row, tokens, logProbabilities, 2);
        double sum = s_row.Sum(logit => Math.Exp(logit));
        int[] expected = [.. Enumerable.Range(0, s_row.Length).OrderByDescending(i => s_row[i]).Take(6)];
        Assert.Equal(expected.Order(), tokens.Order());
        Assert.Equal(expected[0], tokens[0]);
        Assert.Equal(6, row.Count(float.IsFinite));
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(row[tokens[i]], logProbabilities[i]);
            Assert.InRange(Math.Abs(s_row[tokens[i]] - Math.Log(sum) - logProbabilities[i]), 0, 0.0151); // half a step, or one for who is level with the leader
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_a_faulty_row_leaves_nothing()
    {
        float[] nine = new float[9];
        Refused("kind", "SigmoidLogits or SigmoidProbabilities", () => HardeningSteps.RoundScores(nine, nine, OutputKind.Logits));
        Refused("decimals", "0 to 5", () => HardeningSteps.RoundScores(nine, nine, OutputKind.SigmoidLogits, 6));
        Refused("decimals", "0 to 5", () => HardeningSteps.RoundScores(nine, nine, OutputKind.SigmoidLogits, -1));
        Refused("thresholds", "2 thresholds for a row of 9", () => HardeningSteps.RoundScores(nine, nine, OutputKind.SigmoidLogits, 2, [0.5f, 0.5f]));
        Refused("thresholds", "not above 0 and below 1", () => HardeningSteps.RoundScores(nine, nine, OutputKind.SigmoidLogits, 2, [float.NaN]));
        Refused("digits", "1 to 6", () => HardeningSteps.RoundValues(nine, nine, 7));
        foreach (double wrong in (double[])[0, 1e-31, 1e31, double.NaN])
        {
            Refused("step", "1E-30 to 1E+30", () => HardeningSteps.Quantise(nine, nine, wrong, s_key));
            Refused("step", "1E-30 to 1E+30", () => HardeningSteps.Quantise(nine, nine, wrong, s_key, new InputCell(1)));
        }

        Refused("cosineBudget", "0 to 1", () => HardeningSteps.EmbeddingNoise(nine, nine, 1.1, s_key));
        Refused("cosineBudget", "Rounding to 1 digits", () => HardeningSteps.EmbeddingNoise(nine, nine, 0.01, s_key, 1));
        Refused("digits", "1 to 6", () => HardeningSteps.EmbeddingNoise(nine, nine, 0.1, s_key, 0));
        Refused("k", "1 to 9", () => HardeningSteps.TopTokens(nine, nine, 10));
        Refused("k", "1 to 1024", () => HardeningSteps.TopTokens(new float[2000], new float[2000], 1025));
        Refused("decimals", "1 to 5", () => HardeningSteps.TopTokens(nine, nine, 2, 0));
        Refused("k", "1 to 9", () => HardeningSteps.TopTokens(nine, [], []));
        Refused("logProbabilities", "as many are needed", () => HardeningSteps.TopTokens(nine, new int[2], new float[3]));
        Refused("logProbabilities", "apart from the logits", () => HardeningSteps.TopTokens(nine, new int[2], nine.AsSpan(0, 2)));
        Refused("key", "15 bytes", () => HardeningSteps.Quantise(nine, nine, 1, s_key.AsSpan(0, 15)));
        Refused("key", "17 bytes", () => HardeningSteps.EmbeddingNoise(nine, nine, 0.1, new byte[17]));
        foreach (Step step in Steps())
        {
            Assert.ThrowsAny<ArgumentException>(() => step([], []));
            Assert.ThrowsAny<ArgumentException>(() => step(nine, new float[8]));
            float[] ten = [.. Enumerable.Repeat(0.25f, 10)];
            Assert.Contains("overlap", Assert.ThrowsAny<ArgumentException>(() => step(ten.AsSpan(0, 9), ten.AsSpan(1, 9))).Message, StringComparison.Ordinal);
            Assert.All(ten, value => Assert.Equal(0.25f, value));
            foreach (float fault in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            {
                ten[7] = fault;
                float[] released = [.. Enumerable.Repeat(7f, 10)];
                InvalidModelOutputException error = Assert.Throws<InvalidModelOutputException>(() => step(ten, released));
                Assert.Equal(7, error.Class);
                Assert.All(released, value => Assert.Equal(0, value));
            }
        }

        int[] tokens = [3, 3];
        float[] left = [7, 7];
        Assert.Throws<InvalidModelOutputException>(() => HardeningSteps.TopTokens([0, float.NaN, 1], tokens, left));
        Assert.Equal([0, 0], tokens);
        Assert.Equal([0f, 0f], left);
        Assert.Throws<InvalidModelOutputException>(() => HardeningSteps.RoundScores([1.5f], new float[1], OutputKind.SigmoidProbabilities));
    }

    [Fact]
    public void Repeats_allocate_nothing()
    {
        float[] released = new float[s_row.Length];
        int[] tokens = new int[4];
        float[] logProbabilities = new float[4];
        Step[] steps = Steps();
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                foreach (Step step in steps)
                {
                    step(s_row, released);
                }

                HardeningSteps.TopTokens(s_row, tokens, logProbabilities, 2);
            }
        }));
    }

    private static Step[] Steps() =>
    [
        (row, released) => HardeningSteps.RoundScores(row, released, OutputKind.SigmoidLogits),
        (row, released) => HardeningSteps.RoundValues(row, released),
        (row, released) => HardeningSteps.Quantise(row, released, 0.5, s_key),
        (row, released) => HardeningSteps.Quantise(row, released, 0.5, s_key, new InputCell(3)),
        (row, released) => HardeningSteps.EmbeddingNoise(row, released, 0.05, s_key),
        (row, released) => HardeningSteps.EmbeddingNoise(row, released, 0.05, s_key, new InputDigest(3, 4)),
        (row, released) => HardeningSteps.TopTokens(row, released, 4),
    ];

    private static double Cosine(float[] left, float[] right) =>
        left.Zip(right, (x, y) => (double)x * y).Sum() / Math.Sqrt(left.Sum(x => (double)x * x) * right.Sum(y => (double)y * y));

    private static void Refused(string name, string allowed, Action call)
    {
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(call);
        Assert.Equal(name, error.ParamName);
        Assert.Contains(allowed, error.Message, StringComparison.Ordinal);
    }
}
