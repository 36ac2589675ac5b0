using System.Numerics.Tensors;
using MathNet.Numerics.Distributions;

namespace InferenceShield.Lab.Tests;

public sealed class FingerprintTests
{
    private static readonly FingerprintOptions s_options = new() { Boundary = 60, Mistakes = 60, Conferrable = 60, Candidates = 5, Moves = 4 };
    private static readonly Lazy<Models> s_models = new(Models.Train);

    [Fact]
    public void Copies_agree_more_than_models_that_never_saw_the_target()
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
        Assert.Equal(1, fingerprint.Weights.Sum(), 12);

        float[] answers = new float[models.Probes.Count * models.Probes.ClassCount];
        models.Target.Classify(models.Probes.Values.Span, answers);
        float[] margins = [.. Enumerable.Range(0, models.Probes.Count).Select(row => Margin(answers.AsSpan(row * models.Probes.ClassCount, models.Probes.ClassCount)))];
        float most = margins.Order().ElementAt(59);
        for (int i = 0; i < fingerprint.Inputs.Count; i++)
        {
            int row = Enumerable.Range(0, models.Probes.Count).FirstOrDefault(probe => models.Probes.GetRow(probe).SequenceEqual(fingerprint.Inputs.GetRow(i)), -1);
            switch (fingerprint.Groups[i])
            {
                case FingerprintGroup.Boundary:
                    Assert.InRange(margins[row], 0, most);
                    break;
                case FingerprintGroup.Mistake:
                    Assert.NotEqual(models.Probes.Labels.Span[row], fingerprint.Labels[i]);
                    break;
                default:
                    Assert.Equal(-1, row);
                    break;
            }
        }

        // Of copies and independent models that chose no input: the conferrable ones tell them apart farthest from chance.
        double[] copies = Mean(models.StolenSuspects.Select(fingerprint.MeasureAgreement));
        double[] others = Mean(models.Controls.Select(fingerprint.MeasureAgreement));
        Assert.True(copies[2] - others[2] > 0.15, $"{copies[2]} {others[2]}");
    }

    [Fact]
    public void The_same_seed_gives_the_same_fingerprint_and_another_other_inputs()
    {
        Models models = s_models.Value;
        Fingerprint first = models.Make();
        Fingerprint again = models.Make();
        Fingerprint other = models.Make(seed: 6);

        Assert.True(first.Inputs.Values.Span.SequenceEqual(again.Inputs.Values.Span));
        Assert.Equal(first.Weights, again.Weights);
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
        Assert.Contains("no inputs", Assert.Throws<ArgumentException>(() => models.Make(options: s_options with { Boundary = 0, Mistakes = 0, Conferrable = 0 })).Message, StringComparison.Ordinal);
        Dataset unlabelled = new("rows", models.Probes.Values, 16);
        Assert.Contains("labels False", Assert.Throws<ArgumentException>(() => models.Make(probes: unlabelled)).Message, StringComparison.Ordinal);
        Assert.Contains("2 classes", Assert.Throws<ArgumentException>(() => fingerprint.Measure(new TwoClasses())).Message, StringComparison.Ordinal);

        // What copies do not agree on better than others tells nothing.
        Assert.Contains("nothing to tell them apart", Assert.Throws<ArgumentException>(() => models.Make(copies: models.OwnedIndependents)).Message, StringComparison.Ordinal);
    }

    private static double[] Mean(IEnumerable<double[]> rows)
    {
        double[][] all = [.. rows];
        return [.. Enumerable.Range(0, all[0].Length).Select(i => all.Average(row => row[i]))];
    }

    private static float Margin(ReadOnlySpan<float> answer)
    {
        float[] sorted = [.. answer.ToArray().OrderDescending()];
        return sorted[0] - sorted[1];
    }

    /// <summary>Small networks on letters; no two have initial weights in common, and the target shares rows with nobody.</summary>
    private sealed record Models(Surrogate Target, Dataset Probes, Surrogate[] OwnedCopies, Surrogate[] OwnedIndependents, Surrogate[] StolenSuspects, Surrogate[] Controls, Surrogate Independent)
    {
        public static Models Train()
        {
            Dataset rows = TestData.Letters().Shuffle(3);
            Surrogate target = TrainTrue(rows.Slice(0, 1_500), seed: 1);
            Dataset asked = rows.Slice(1_500, 2_000);
            Dataset others = rows.Slice(3_500, 3_000);
            return new Models(
                target, rows.Slice(6_500, 1_500),
                [.. Enumerable.Range(0, 6).Select(i => Steal(target, rows.Slice(8_000, 2_000), seed: 10 + i))],
                [.. Enumerable.Range(0, 6).Select(i => TrainTrue(others.Shuffle((ulong)i).Slice(0, 1_500), seed: 20 + i))],
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
