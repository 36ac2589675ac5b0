using System.Numerics.Tensors;
using MathNet.Numerics.Distributions;

namespace InferenceShield.Lab.Tests;

public sealed class FingerprintTests
{
    private static readonly FingerprintOptions s_options = new() { Mistakes = 60, Conferrable = 60, Candidates = 5 };
    private static readonly Lazy<Models> s_models = new(Models.Train);

    [Fact]
    public void Labels_of_copies_are_likelier_of_a_copy_than_those_of_models_that_never_saw_the_target()
    {
        Models models = s_models.Value;
        Fingerprint fingerprint = models.Make();
        Assert.All(models.StolenSuspects, suspect =>
        {
            OwnershipTestResult result = fingerprint.Test(suspect, models.Controls);
            Assert.Equal(1.0 / (1 + models.Controls.Length), result.PValue);
            Assert.True(result.EffectLow > 0, $"{result}");
            Assert.Equal(PValueMethod.Controls, result.Method);
        });
        OwnershipTestResult independent = fingerprint.Test(models.Independent, models.Controls);
        Assert.True(independent.PValue > 1.0 / (1 + models.Controls.Length), $"{independent}");
        Assert.True(independent.EffectLow < 0, $"{independent}");
    }

    [Fact]
    public void Inputs_are_what_their_groups_say()
    {
        Models models = s_models.Value;
        Fingerprint fingerprint = models.Make();
        int[] labels = FingerprintSearch.LabelsOf(models.Target, fingerprint.Inputs.Values.Span);
        Assert.Equal(labels, fingerprint.Labels);
        int[] answered = FingerprintSearch.LabelsOf(models.Target, models.Probes.Values.Span);
        int[] mistaken = [.. Enumerable.Range(0, models.Probes.Count).Where(row => answered[row] != models.Probes.Labels.Span[row]).Take(60)];
        Assert.Equal(60, mistaken.Length);
        Assert.Equal([.. Enumerable.Repeat(FingerprintGroup.Mistake, 60), .. Enumerable.Repeat(FingerprintGroup.Conferrable, 60)], fingerprint.Groups);
        Assert.True(models.Probes.Select(mistaken).Values.Span.SequenceEqual(fingerprint.Inputs.Slice(0, 60).Values.Span));
        for (int i = 60; i < fingerprint.Inputs.Count; i++)
        {
            Assert.DoesNotContain(Enumerable.Range(0, models.Probes.Count), probe => models.Probes.GetRow(probe).SequenceEqual(fingerprint.Inputs.GetRow(i)));
        }

        // Of copies and independent models that chose no input.
        double[] copies = Mean(models.StolenSuspects.Select(fingerprint.MeasureAgreement));
        double[] others = Mean(models.Controls.Select(fingerprint.MeasureAgreement));
        Assert.All(copies.Zip(others), pair => Assert.True(pair.First - pair.Second > 0.1, $"{pair}"));
    }

    [Fact]
    public void The_statistic_is_the_mean_log_likelihood_ratio()
    {
        Models models = s_models.Value;
        Fingerprint fingerprint = models.Make();
        Surrogate suspect = models.StolenSuspects[0];
        double sum = 0;
        for (int i = 0; i < fingerprint.Inputs.Count; i++)
        {
            float[] row = fingerprint.Inputs.GetRow(i).ToArray();
            int label = FingerprintSearch.LabelsOf(suspect, row)[0];
            sum += Math.Log((models.OwnedCopies.Average(copy => ProbabilityOf(copy, row, label)) + 0.02) / (models.OwnedIndependents.Average(other => ProbabilityOf(other, row, label)) + 0.02));
        }

        Assert.Equal(sum / fingerprint.Inputs.Count, fingerprint.Measure(suspect), 4);
        int[] unknown = [.. Enumerable.Repeat(-1, fingerprint.Inputs.Count)];
        Assert.True(fingerprint.MeasureLabels(unknown) < models.Controls.Min(fingerprint.Measure)); // answering with other classes looks like no copy
    }

    [Fact]
    public void A_normal_p_value_is_as_often_small_as_it_says()
    {
        SeededRandom random = new(3, stream: 5);
        double Draw() => 0.1 + (0.02 * random.NextGaussian());
        const int Draws = 20_000;
        int small = 0;
        for (int i = 0; i < Draws; i++)
        {
            double suspect = Draw();
            small += Fingerprint.StudentP(suspect, [Draw(), Draw(), Draw(), Draw(), Draw(), Draw(), Draw()], inputs: 1_000) < 0.01 ? 1 : 0;
        }

        Assert.InRange(small / (double)Draws, 0.0075, 0.0125); // 3.5 standard errors
        Assert.InRange(Fingerprint.StudentP(0.5, [0.1, 0.1, 0.1, 0.1, 0.1], inputs: 10), 1e-4, 0.05); // equal controls: one input's worth, not certainty
    }

    [Fact]
    public void The_same_seed_gives_the_same_fingerprint_and_another_other_inputs()
    {
        Models models = s_models.Value;
        Fingerprint first = models.Make();
        Fingerprint again = models.Make();
        Fingerprint other = models.Make(seed: 6);

        Assert.True(first.Inputs.Values.Span.SequenceEqual(again.Inputs.Values.Span));
        Assert.Equal(first.Measure(models.Independent), again.Measure(models.Independent));
        Assert.False(first.Inputs.Values.Span.SequenceEqual(other.Inputs.Values.Span));
        Assert.True(first.Inputs.Values.Span[..(60 * 16)].SequenceEqual(other.Inputs.Values.Span[..(60 * 16)])); // natural ones are not drawn
    }

    [Fact]
    public void P_values_are_ranks_and_say_how_small_they_can_be()
    {
        Fingerprint fingerprint = s_models.Value.Make();
        double[] controls = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

        Assert.Equal(0.1, fingerprint.Compare(0.95, controls).PValue, 12);
        Assert.Equal(0.2, fingerprint.Compare(0.9, controls).PValue, 12); // a tie counts against
        Assert.Equal(1, fingerprint.Compare(0.05, controls).PValue, 12);
        OwnershipTestResult result = fingerprint.Compare(0.95, controls);
        Assert.Equal((0.5, 0.45), (result.Expected, Math.Round(result.Effect, 12)));
        Assert.Equal(Enumerable.Range(0, 9).Select(i => (1.0 + 8 - i) / 9), result.ControlPValues); // each against the other eight
        Assert.Contains("9 controls cannot give a p-value below 0.1", result.Note, StringComparison.Ordinal);

        // By hand: deviation .27386, of one more from a mean of nine .28868, t = 1.5588 on 8 degrees: p = .0788, reach 2.306 x .28868.
        Assert.Contains("p is 0.079", result.Note, StringComparison.Ordinal);
        Assert.Equal(0.45 - 0.66570, result.EffectLow, 4);
        Assert.Equal(0.45 + 0.66570, result.EffectHigh, 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Students_tail_is_that_of_closed_forms(int freedom)
    {
        for (double t = -30; t <= 30; t += 0.37)
        {
            double expected = freedom == 1 ? 0.5 - (Math.Atan(t) / Math.PI) : 0.5 - (t / (2 * Math.Sqrt(2 + (t * t))));
            Assert.Equal(expected, StudentT.CDF(0, 1, freedom, -t), 12);
        }
    }

    [Theory]
    [InlineData(0.975, 8, 2.306004)] // from tables
    [InlineData(0.975, 29, 2.045230)]
    [InlineData(0.95, 10, 1.812461)]
    [InlineData(0.995, 100, 2.625891)]
    public void Students_quantile_is_that_of_tables(double share, int freedom, double expected) =>
        Assert.Equal(expected, StudentT.InvCDF(0, 1, freedom, share), 5);

    [Fact]
    public void Mistakes_are_named()
    {
        Models models = s_models.Value;
        Fingerprint fingerprint = models.Make();
        Assert.Contains("made with", Assert.Throws<ArgumentException>(() => fingerprint.Test(models.Independent, [.. models.Controls, models.OwnedIndependents[1]])).Message, StringComparison.Ordinal);
        Assert.Contains("at least 5", Assert.Throws<ArgumentException>(() => fingerprint.Compare(1, [0.5, 0.4, 0.3, 0.2])).Message, StringComparison.Ordinal);
        Assert.Contains("at least 4", Assert.Throws<ArgumentException>(() => models.Make(copies: models.OwnedCopies[..3])).Message, StringComparison.Ordinal);
        Assert.Contains("Conferrable", Assert.Throws<ArgumentException>(() => models.Make(options: s_options with { Conferrable = -1 })).Message, StringComparison.Ordinal);
        Assert.Contains("no inputs", Assert.Throws<ArgumentException>(() => models.Make(options: s_options with { Mistakes = 0, Conferrable = 0 })).Message, StringComparison.Ordinal);
        Dataset unlabelled = new("rows", models.Probes.Values, 16);
        Assert.Contains("labels False", Assert.Throws<ArgumentException>(() => models.Make(probes: unlabelled)).Message, StringComparison.Ordinal);
        Assert.Contains("2 classes", Assert.Throws<ArgumentException>(() => fingerprint.Measure(new TwoClasses())).Message, StringComparison.Ordinal);

        // A target that errs in nothing, and models that differ in nothing.
        Dataset right = new("rows", models.Probes.Values, 16, FingerprintSearch.LabelsOf(models.Target, models.Probes.Values.Span), 26);
        Assert.Contains("makes no mistake", Assert.Throws<ArgumentException>(() => models.Make(probes: right, options: s_options with { Conferrable = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("nothing to tell them apart", Assert.Throws<ArgumentException>(() => models.Make(copies: models.OwnedIndependents)).Message, StringComparison.Ordinal);
    }

    private static double[] Mean(IEnumerable<double[]> rows)
    {
        double[][] all = [.. rows];
        return [.. Enumerable.Range(0, all[0].Length).Select(i => all.Average(row => row[i]))];
    }

    private static double ProbabilityOf(Surrogate model, float[] row, int label)
    {
        float[] answer = new float[model.ClassCount];
        model.Classify(row, answer);
        return answer[label];
    }

    /// <summary>Small networks on letters; the target and the suspects share neither rows nor initial weights with anybody; the owner's models share both in pairs.</summary>
    private sealed record Models(Surrogate Target, Dataset Probes, Surrogate[] OwnedCopies, Surrogate[] OwnedIndependents, Surrogate[] StolenSuspects, Surrogate[] Controls, Surrogate Independent)
    {
        public static Models Train()
        {
            Dataset rows = TestData.Letters().Shuffle(3);
            Surrogate target = TrainTrue(rows.Slice(0, 1_500), seed: 1);
            Dataset asked = rows.Slice(1_500, 2_000);
            Dataset others = rows.Slice(3_500, 3_000);
            Dataset owned = rows.Slice(8_000, 2_000);
            return new Models(
                target, rows.Slice(6_500, 1_500),
                [.. Enumerable.Range(0, 6).Select(i => Steal(target, owned.Shuffle((ulong)i).Slice(0, 1_500), seed: 20 + i))],
                [.. Enumerable.Range(0, 6).Select(i => TrainTrue(owned.Shuffle((ulong)i).Slice(0, 1_500), seed: 20 + i))],
                [.. Enumerable.Range(0, 3).Select(i => Steal(target, asked, seed: 30 + i))],
                [.. Enumerable.Range(0, 9).Select(i => TrainTrue(others.Shuffle(100 + (ulong)i).Slice(0, 1_500), seed: 40 + i))],
                TrainTrue(others.Shuffle(200).Slice(0, 1_500), seed: 50));
        }

        public Fingerprint Make(ulong seed = 5, Surrogate[]? copies = null, Surrogate[]? independents = null, FingerprintOptions? options = null, Dataset? probes = null) =>
            Fingerprint.Make(Target, probes ?? Probes, independents ?? OwnedIndependents, copies ?? OwnedCopies, options ?? s_options, seed);

        private static Surrogate TrainTrue(Dataset rows, int seed)
        {
            float[] truth = new float[rows.Count * rows.ClassCount];
            for (int row = 0; row < rows.Count; row++)
            {
                truth[(row * rows.ClassCount) + rows.Labels.Span[row]] = 1;
            }

            return Train(rows, truth, seed);
        }

        private static Surrogate Steal(Surrogate target, Dataset rows, int seed)
        {
            float[] answers = new float[rows.Count * rows.ClassCount];
            target.Classify(rows.Values.Span, answers);
            foreach (int row in Enumerable.Range(0, rows.Count))
            {
                Span<float> answer = answers.AsSpan(row * rows.ClassCount, rows.ClassCount);
                int top = TensorPrimitives.IndexOfMax<float>(answer);
                answer.Clear();
                answer[top] = 1;
            }

            return Train(rows, answers, seed);
        }

        private static Surrogate Train(Dataset rows, float[] targets, int seed) => SurrogateTrainer.Train(
            rows.Values.Span, targets, rows.Width, rows.ClassCount, new SurrogateOptions { Hidden = [48], Steps = 700 }, (ulong)seed, threads: 1, CancellationToken.None);
    }

    private sealed class TwoClasses : IClassifier
    {
        public int InputLength => 16;

        public int ClassCount => 2;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities) => probabilities.Clear();
    }
}
