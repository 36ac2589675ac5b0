namespace InferenceShield.Tests;

/// <summary>What each step makes of rows that can be checked by hand.</summary>
public sealed class HardeningStepsValueTests
{
    private static readonly float[] s_clean = [0.1f, 0.5f, 0.15f, 0.25f];

    [Fact]
    public void Round_is_the_largest_remainder_on_the_grid()
    {
        Near([0.1, 0.5, 0.2, 0.2], HardeningStep.Round(1).Release([0.1f, 0.5f, 0.16f, 0.24f]));
        Near([0.34, 0.33, 0.33], HardeningStep.Round(2).Release([1 / 3f, 1 / 3f, 1 / 3f]));
    }

    [Fact]
    public void Label_only_releases_the_first_of_the_largest() =>
        Assert.Equal([0f, 1f, 0f], HardeningStep.LabelOnly.Release([0.2f, 0.4f, 0.4f]));

    [Fact]
    public void Top_k_renormalises_or_shares_what_is_left()
    {
        Near([0, 2 / 3.0, 0, 1 / 3.0], HardeningStep.TopK(2, TopKRemainder.Zero).Release(s_clean));
        Near([0.125, 0.5, 0.125, 0.25], HardeningStep.TopK(2, TopKRemainder.Shared).Release(s_clean));
        Near([0, 1, 0, 0], HardeningStep.TopK(1, TopKRemainder.Zero).Release(s_clean));
        Near([0.5 / 3, 0.5, 0.5 / 3, 0.5 / 3], HardeningStep.TopK(1, TopKRemainder.Shared).Release(s_clean));
        Near([0.1, 0.5, 0.15, 0.25], HardeningStep.TopK(4, TopKRemainder.Zero).Release(s_clean));
        Near([0.1, 0.5, 0.15, 0.25], HardeningStep.TopK(4, TopKRemainder.Shared).Release(s_clean));
    }

    [Fact]
    public void Top_k_takes_equals_by_lower_index()
    {
        Near([0.5, 0.5, 0, 0], HardeningStep.TopK(2, TopKRemainder.Zero).Release([0.25f, 0.25f, 0.25f, 0.25f]));
        Near([0.25, 0.25, 0.25, 0.25], HardeningStep.TopK(2, TopKRemainder.Shared).Release([0.25f, 0.25f, 0.25f, 0.25f]));
    }

    [Fact]
    public void Shared_top_k_keeps_every_confidence()
    {
        Properties.Hold(DistributionCase.Of(2, 3, 10, 257), test =>
        {
            float[] clean = [.. test.Probabilities().Select(value => (float)value)];
            float[] released = HardeningStep.TopK(3, TopKRemainder.Shared).Release(clean);
            Assert.Equal(clean.Max(), released.Max(), 1e-6f);
        });
    }

    [Fact]
    public void Top_k_keeps_a_leader_that_others_have_drawn_level_with()
    {
        double[] distribution = [0.25, 0.25, 0.25, 0.25];
        TopKRelease.Apply(distribution, top: 3, TopKRemainder.Zero, new int[2], new double[4]);
        Assert.Equal([0.5, 0, 0, 0.5], distribution);
    }

    [Fact]
    public void High_confidence_drops_what_is_below_the_cutoff_and_keeps_the_leader()
    {
        Near([0, 2 / 3.0, 0, 1 / 3.0], HardeningStep.HighConfidence(0.25).Release(s_clean));
        Near([0.1, 0.5, 0.15, 0.25], HardeningStep.HighConfidence(0).Release(s_clean));
        Near([0, 1, 0, 0], HardeningStep.HighConfidence(0.9).Release(s_clean));
    }

    [Fact]
    public void The_cap_holds_the_leader_down_and_the_ratios_of_the_others()
    {
        Near([0.05, 0.9, 0.05], HardeningStep.ConfidenceCap(0.9).Release([0.01f, 0.98f, 0.01f]));
        Near([0.08, 0.6, 0.32], HardeningStep.ConfidenceCap(0.6).Release([0.02f, 0.9f, 0.08f]));
        Near([0.1, 0.5, 0.15, 0.25], HardeningStep.ConfidenceCap(0.6).Release(s_clean));
        Near([0.05, 0.9, 0.05], HardeningStep.ConfidenceCap(0.9).Release([0, 1, 0]));
        Near([1], HardeningStep.ConfidenceCap(0.5).Release([1]));
        Near([0, 0.5, 0.5], HardeningStep.ConfidenceCap(0.5).Release([0, 0.999f, 0.001f]));
    }

    [Fact]
    public void Temperature_takes_powers()
    {
        double[] squared = [0.01, 0.25, 0.0225, 0.0625];
        Near([.. squared.Select(value => value / squared.Sum())], HardeningStep.Temperature(0.5).Release(s_clean));
        Near([0.1, 0.5, 0.15, 0.25], HardeningStep.Temperature(1).Release(s_clean));
    }

    [Fact]
    public void The_reverse_sigmoid_is_the_published_formula_where_that_keeps_the_label()
    {
        Properties.Hold(DistributionCase.Of(2, 3, 10), test =>
        {
            float[] clean = [.. test.Probabilities().Select(value => (float)value)];
            double[] published = PublishedFormulas.ReverseSigmoid(clean, 0.008, 0.2);
            int top = Assertions.FirstOfLargest(clean);
            float[] released = HardeningStep.ReverseSigmoid(0.008, 0.2).Release(clean);
            if (published.All(value => value <= published[top]))
            {
                Near(published, released);
            }
        }, tests: 500);
    }

    [Fact]
    public void Misinformation_leaves_confident_answers_and_draws_the_others_as_far_as_the_label_stays()
    {
        float[] decoy = [0.4f, 0.1f, 0.3f, 0.2f];
        Near([0.1, 0.5, 0.15, 0.25], Release(tau: 0.4, nu: 1_000_000));

        // Class 0 gains .3 on the leader's way down and is .4 behind: they meet at 4/7.
        const double share = 4 / 7.0;
        double[] met = [.. s_clean.Zip(decoy, (clean, lie) => clean + (share * (lie - clean)))];
        Near(met, Release(tau: 0.6, nu: 1_000_000));
        Assert.Equal(met[0], met[1], 1e-6);

        // At tau it is half of the decoy: not yet as far.
        Near([.. s_clean.Zip(decoy, (clean, lie) => (clean + lie) / 2.0)], Release(tau: 0.5, nu: 1000));

        float[] Release(double tau, double nu)
        {
            float[] released = new float[4];
            HardeningSteps.AdaptiveMisinformation(s_clean, released, decoy, tau, nu);
            return released;
        }
    }

    [Fact]
    public void The_keyed_decoy_is_a_permutation_in_which_no_class_keeps_its_score()
    {
        Properties.Hold(FsCheck.Fluent.Gen.Choose(2, 300), classes =>
        {
            double[] values = [.. Enumerable.Range(0, classes).Select(i => i + 1.0)];
            double[] decoy = Decoy(values, 0, 5);
            Assert.Equal(values, decoy.Order());
            Assert.All(values.Zip(decoy), pair => Assert.NotEqual(pair.First, pair.Second));
            Assert.Equal(decoy, Decoy(values, 0, 5));
        });
        double[] ten = [.. Enumerable.Range(0, 10).Select(i => (double)i)];
        Assert.NotEqual(Decoy(ten, 0, 5), Decoy(ten, 1, 5));
        Assert.NotEqual(Decoy(ten, 0, 5), Decoy(ten, 0, 6));
    }

    [Fact]
    public void The_keyed_decoy_gives_the_leaders_score_to_every_other_class_alike()
    {
        int[] counts = new int[5];
        for (int secret = 0; secret < 4000; secret++)
        {
            counts[Array.IndexOf(Decoy([9, 1, 2, 3, 4], 0, secret), 9)]++;
        }

        // 1000 expected of each, with a standard deviation of 27.
        Assert.Equal(0, counts[0]);
        Assert.All(counts[1..], count => Assert.InRange(count, 870, 1130));
    }

    [Fact]
    public void Least_information_and_keyed_noise_are_those_of_a_shield()
    {
        Near([0.1 + 0.1, 0.4, 0.15, 0.25], HardeningStep.LeastInformation(0.2).Release(s_clean));
        double[] noisy = [.. s_clean.Select(value => (double)value)];
        InferenceShield.KeyedNoise.Apply(noisy, 1, 0.2, HardeningStep.NoiseKey, new double[4]);
        Near(noisy, HardeningStep.KeyedNoise(0.2).Release(s_clean));

        // Every kind and cell is noise of its own, within the budget, and the same on every repeat.
        List<float[]> answers = [];
        foreach (NoiseKind kind in Enum.GetValues<NoiseKind>())
        {
            for (int cell = 0; cell < 5; cell++)
            {
                float[] first = Release(kind, cell);
                Assert.Equal(first, Release(kind, cell));
                Assert.InRange(first.Zip(s_clean, (after, before) => Math.Abs(after - before)).Sum(), 0.1, 0.2 + 1e-6);
                answers.Add(first);
            }
        }

        Assert.Equal(answers.Count, answers.DistinctBy(answer => string.Join(' ', answer)).Count());

        static float[] Release(NoiseKind kind, int cell)
        {
            float[] released = new float[s_clean.Length];
            switch (cell)
            {
                case 0:
                    HardeningSteps.KeyedNoise(s_clean, released, 0.2, HardeningStep.NoiseKey, kind);
                    break;
                case 1 or 2:
                    HardeningSteps.KeyedNoise(s_clean, released, 0.2, HardeningStep.NoiseKey, kind, new InputCell((ulong)cell));
                    break;
                default:
                    HardeningSteps.KeyedNoise(s_clean, released, 0.2, HardeningStep.NoiseKey, kind, new InputDigest((ulong)cell - 2, 0));
                    break;
            }

            return released;
        }
    }

    [Fact]
    public void A_sum_of_half_precision_is_put_right()
    {
        foreach (HardeningStep step in HardeningStep.All)
        {
            Assert.Equal(1, step.Release([0.25f * 0.993f, 0.6f * 0.993f, 0.15f * 0.993f]).Sum(value => (double)value), 1e-6);
        }
    }

    private static double[] Decoy(double[] values, int top, int secret)
    {
        double[] decoy = new double[values.Length];
        MisinformationPerturbation.FillDecoy(decoy, values, top, new Numerics.SipHashKey(TestShield.Secret(secret).AsSpan(0, 16)));
        return decoy;
    }

    private static void Near(double[] expected, float[] released)
    {
        Assert.Equal(expected.Length, released.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], released[i], 1e-6);
        }
    }
}
