namespace InferenceShield.Tests;

/// <summary>The defects of published postprocessors, each shown in the reference and absent here; then what a thief who knows
/// about them does to the steps that are left.</summary>
public sealed class PublishedFormulasTests
{
    private const int Rows = 400;

    [Fact]
    public void Arts_reverse_sigmoid_moves_the_label_and_ours_does_not()
    {
        float[] row = [0.4f, 0.3f, 0.3f, 0];
        double[] published = PublishedFormulas.ReverseSigmoid(row, 1, 0.2);
        Assert.Equal(3, Label(published));
        Assert.Equal(0.2645, published[0], 1e-4);
        Assert.Equal(0.3048, published[3], 1e-4);
        Assert.Equal(0, Label(HardeningStep.ReverseSigmoid(1, 0.2).Release(row)));
    }

    [Fact]
    public void Arts_reverse_sigmoid_moves_many_labels_of_many_classes_and_ours_none()
    {
        float[][] rows = RandomRows(100, Rows);
        Assert.InRange(Moved(rows, row => Label(PublishedFormulas.ReverseSigmoid(row, 1, 0.2))), Rows / 5, Rows);
        Assert.Equal(0, Moved(rows, row => Label(HardeningStep.ReverseSigmoid(1, 0.2).Release(row))));
    }

    [Fact]
    public void Arts_strongest_reverse_sigmoid_forgets_the_label_and_ours_does_not()
    {
        float[] row = [0.2f, 0.1f, 0.7f];
        Assert.All(PublishedFormulas.ReverseSigmoid(row, 1, 1), value => Assert.Equal(1 / 3.0, value, 1e-9));
        Assert.Equal(2, Label(HardeningStep.ReverseSigmoid(1, 1).Release(row)));
    }

    [Fact]
    public void A_ports_reverse_sigmoid_leaves_confident_scores_alone_and_ours_does_not()
    {
        float[] row = [0.9f, 0.05f, 0.05f];
        double[] port = PublishedFormulas.ReverseSigmoidOfClampedOdds(row, 1, 0.2);
        double[] published = PublishedFormulas.ReverseSigmoid(row, 1, 0.2);
        float[] ours = HardeningStep.ReverseSigmoid(1, 0.2).Release(row);
        Assert.True(port[0] - published[0] > 0.02);
        Assert.Equal(published[0], ours[0], 1e-6);
    }

    [Fact]
    public void Arts_high_confidence_releases_nothing_at_all_and_ours_the_label()
    {
        float[] unsure = [0.2f, 0.22f, 0.18f, 0.2f, 0.2f];
        Assert.Equal(0, PublishedFormulas.HighConfidence(unsure, 0.25).Sum());
        Assert.Equal([0f, 1f, 0f, 0f, 0f], HardeningStep.HighConfidence(0.25).Release(unsure));

        float[] partly = [0.6f, 0.3f, 0.1f];
        Assert.Equal(0.9, PublishedFormulas.HighConfidence(partly, 0.25).Sum(), 1e-6);
        Assert.Equal(1, HardeningStep.HighConfidence(0.25).Release(partly).Sum(), 1e-6f);
    }

    [Fact]
    public void Arts_rounding_does_not_sum_to_1_and_ours_does()
    {
        float[] thirds = [1 / 3f, 1 / 3f, 1 / 3f];
        Assert.Equal(0.999, PublishedFormulas.Rounded(thirds, 3).Sum(), 1e-12);
        Assert.Equal(1, HardeningStep.Round(3).Release(thirds).Sum(), 1e-6f);

        float[] wide = [.. Enumerable.Repeat(1 / 6625f, 6625)];
        Assert.Equal(0, PublishedFormulas.Rounded(wide, 3).Sum());
        Assert.Equal(1, HardeningStep.Round(3).Release(wide).Sum(value => (double)value), 1e-6);
    }

    [Fact]
    public void Arts_rounding_makes_ties_of_which_another_label_comes_first_and_ours_does_not()
    {
        float[] row = [0.4996f, 0.5004f];
        Assert.Equal(0, Label(PublishedFormulas.Rounded(row, 2)));
        Assert.Equal(1, Label(HardeningStep.Round(2).Release(row)));
    }

    [Fact]
    public void Arts_noise_is_another_on_every_call_and_moves_labels_and_ours_does_neither()
    {
        Random random = new(1);
        float[][] rows = RandomRows(10, Rows);
        Assert.NotEqual(PublishedFormulas.GaussianNoise(rows[0], 0.2, random), PublishedFormulas.GaussianNoise(rows[0], 0.2, random));
        Assert.InRange(Moved(rows, row => Label(PublishedFormulas.GaussianNoise(row, 0.2, random))), Rows / 20, Rows);

        HardeningStep ours = HardeningStep.KeyedNoise(0.5);
        Assertions.SameBits(ours.Release(rows[0]), ours.Release(rows[0]));
        Assert.Equal(0, Moved(rows, row => Label(ours.Release(row))));
    }

    [Fact]
    public void Averaging_repeats_takes_arts_noise_off_and_leaves_ours()
    {
        Random random = new(1);
        float[] row = [0.35f, 0.4f, 0.25f];
        Assert.True(AverageDistance(() => PublishedFormulas.GaussianNoise(row, 0.02, random), 1) > 0.01);
        Assert.True(AverageDistance(() => PublishedFormulas.GaussianNoise(row, 0.02, random), 4096) < 0.003);
        Assert.Equal(0.1, AverageDistance(Ours, 1), 1e-5);
        Assert.Equal(0.1, AverageDistance(Ours, 64), 1e-5);

        double[] Ours() => [.. HardeningStep.KeyedNoise(0.1).Release(row).Select(value => (double)value)];

        double AverageDistance(Func<double[]> answer, int repeats)
        {
            double[][] answers = [.. Enumerable.Range(0, repeats).Select(_ => answer())];
            return Enumerable.Range(0, row.Length).Sum(i => Math.Abs(answers.Average(values => values[i]) - row[i]));
        }
    }

    [Fact]
    public void Arts_noise_can_be_no_number_and_ours_is_one_always()
    {
        // With as much noise as a careless user may set, some rows clip to all zeros.
        Random random = new(2);
        float[] row = [0.5f, 0.5f];
        Assert.Contains(Enumerable.Range(0, 100), _ => double.IsNaN(PublishedFormulas.GaussianNoise(row, 5, random)[0]));
        Assert.All(HardeningStep.KeyedNoise(1.9).Release(row), value => Assert.InRange(value, 0, 1));
    }

    [Fact]
    public void Arts_labels_leak_from_row_to_row_and_ours_do_not()
    {
        float[][] batch = [[0.9f, 0.1f, 0], [0.1f, 0.9f, 0], [0.2f, 0.8f, 0]];
        Assert.All(PublishedFormulas.ClassLabels(batch), row => Assert.Equal([1, 1, 0], row));
        Assert.Equal([1f, 0f, 0f], HardeningStep.LabelOnly.Release(batch[0]));
        Assert.Equal([0f, 1f, 0f], HardeningStep.LabelOnly.Release(batch[1]));
    }

    [Fact]
    public void Published_misinformation_moves_labels_and_ours_does_not()
    {
        float[][] rows = [.. RandomRows(10, Rows).Where(row => row.Max() < 0.6)];
        Assert.True(rows.Length > 20);
        float[] decoy = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        Assert.True(Moved(rows, row => Label(PublishedFormulas.AdaptiveMisinformation(row, decoy, 0.8, 1000))) > rows.Length / 2);
        Assert.Equal(0, Moved(rows, row =>
        {
            float[] released = new float[10];
            HardeningSteps.AdaptiveMisinformation(row, released, decoy, 0.8, 1000);
            return Label(released);
        }));
    }

    /// <summary>Adaptive: the labels are all there, so whoever trains on them has the label-only copy at least.</summary>
    [Fact]
    public void A_thief_who_takes_the_label_loses_none_to_any_step()
    {
        float[][] rows = RandomRows(26, Rows);
        foreach (HardeningStep step in HardeningStep.All)
        {
            Assert.Equal(0, Moved(rows, row => Label(step.Release(row))));
        }
    }

    /// <summary>Adaptive: solves answer x sum = p - r(p) for p, in rounds.</summary>
    [Fact]
    public void A_thief_who_knows_beta_and_gamma_takes_the_reverse_sigmoid_off_again()
    {
        const double beta = 0.008;
        const double gamma = 0.2;
        double before = 0;
        double after = 0;
        float[][] rows = [.. RandomRows(10, Rows, least: 0.5).Where(row => row.Min() > 2e-3)];
        Assert.True(rows.Length > 50);
        foreach (float[] row in rows)
        {
            float[] released = HardeningStep.ReverseSigmoid(beta, gamma).Release(row);
            double[] guess = [.. released.Select(value => (double)value)];
            for (int round = 0; round < 200; round++)
            {
                double[] shift = [.. guess.Select(p => beta * ((1 / (1 + Math.Pow((1 - p) / p, gamma))) - 0.5))];
                double sum = guess.Zip(shift, (p, r) => p - r).Sum();
                guess = [.. released.Zip(shift, (value, r) => Math.Clamp((value * sum) + r, 1e-9, 1 - 1e-9))];
            }

            before += Distance(row, [.. released.Select(value => (double)value)]);
            after += Distance(row, guess);
        }

        Assert.True(before / rows.Length > 0.01, $"{before / rows.Length}");
        Assert.True(after < before / 20, $"{after / rows.Length} left of {before / rows.Length}");
    }

    /// <summary>Adaptive: the power undoes the root.</summary>
    [Fact]
    public void A_thief_who_knows_the_temperature_takes_it_off_again()
    {
        foreach (float[] row in RandomRows(10, 50))
        {
            float[] released = HardeningStep.Temperature(3).Release(row);
            double[] powers = [.. released.Select(value => Math.Pow(value, 3))];
            Assert.True(Distance(row, [.. released.Select(value => (double)value)]) > 0.05);
            Assert.True(Distance(row, [.. powers.Select(value => value / powers.Sum())]) < 1e-5);
        }
    }

    /// <summary>Adaptive: the decoy is the row dealt out anew, so it has the row's norm; that gives its share and then itself.</summary>
    [Fact]
    public void A_thief_who_knows_one_clean_answer_knows_its_labels_permutation()
    {
        byte[] key = TestShield.Secret(5)[..16];
        int right = 0;
        float[][] rows = [.. RandomRows(10, Rows, least: 0.5).Where(row => row.Max() < 0.5)];
        Assert.True(rows.Length > 50);
        foreach (float[] row in rows)
        {
            float[] released = new float[10];
            HardeningSteps.AdaptiveMisinformation(row, released, key, tau: 0.9);
            double[] shift = [.. released.Zip(row, (value, clean) => (double)value - clean)];
            double inverseShare = -2 * row.Zip(shift, (clean, move) => clean * move).Sum() / shift.Sum(move => move * move);
            int[] found =
            [
                .. row.Zip(shift, (clean, move) => clean + (move * inverseShare))
                    .Select(value => Array.IndexOf(row, row.MinBy(clean => Math.Abs(clean - value)))),
            ];

            double[] permutation = new double[10];
            MisinformationPerturbation.FillDecoy(
                permutation, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], Assertions.FirstOfLargest(row), new Numerics.SipHashKey(key));
            right += found.SequenceEqual(permutation.Select(value => (int)value)) ? 1 : 0;
        }

        Assert.InRange(right, rows.Length * 9 / 10, rows.Length);
    }

    /// <summary>Adaptive: keeping the label leaves a trace.</summary>
    [Fact]
    public void A_thief_sees_which_answers_misinformation_was_kept_from_overturning()
    {
        float[][] rows = RandomRows(10, Rows, least: 0.5);
        int told = rows.Count(row =>
        {
            float[] released = HardeningStep.KeyedMisinformation(0.5, 1000).Release(row);
            float[] ordered = [.. released.OrderDescending()];
            return ordered[0] - ordered[1] < 1e-6f == row.Max() < 0.5f;
        });
        Assert.InRange(told, Rows * 95 / 100, Rows);
    }

    /// <summary>Adaptive: the ratios of the classes that are left carry the last layer's rank; rounding takes them away.</summary>
    [Fact]
    public void Steps_that_keep_exact_ratios_lose_them_only_by_rounding()
    {
        float[] row = [0.0123457f, 0.0345679f, 0.9530864f];
        double ratio = row[0] / (double)row[1];
        foreach (HardeningStep step in (HardeningStep[])[HardeningStep.ConfidenceCap(0.6), HardeningStep.TopK(3, TopKRemainder.Zero)])
        {
            float[] released = step.Release(row);
            Assert.Equal(ratio, released[0] / (double)released[1], 1e-6);
            HardeningSteps.Round(released, released, 2);
            Assert.True(Math.Abs(ratio - (released[0] / (double)released[1])) > 1e-3);
        }
    }

    private static int Moved(float[][] rows, Func<float[], int> label) => rows.Count(row => label(row) != Assertions.FirstOfLargest(row));

    private static int Label(double[] row) => Array.IndexOf(row, row.Max());

    private static int Label(float[] row) => Assertions.FirstOfLargest(row);

    private static double Distance(float[] row, double[] other) => row.Zip(other, (a, b) => Math.Abs(a - b)).Sum();

    /// <summary>Softmax of Gaussian logits with standard deviations up to 2 apart.</summary>
    private static float[][] RandomRows(int classes, int rows, double least = 3)
    {
        Random random = new(20_260_901);
        return [.. Enumerable.Range(0, rows).Select(_ =>
        {
            double spread = least + (2 * random.NextDouble());
            double[] weights = [.. Enumerable.Range(0, classes).Select(_ => Math.Exp(
                spread * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
            double sum = weights.Sum();
            return (float[])[.. weights.Select(weight => (float)(weight / sum))];
        })];
    }
}
