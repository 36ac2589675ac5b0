using InferenceShield.Samples;

namespace InferenceShield.Lab.Tests;

/// <summary>Marks that live in inputs, on images and the model of the samples.</summary>
public sealed class InputMarkTests
{
    private const int Width = 784;
    private static readonly NoiseKey s_noise = new(new byte[NoiseKey.Size]);
    private static readonly Lazy<(Dataset Images, float[] Answers)> s_answered = new(Answer);

    private static InputSpace Space => InputSpace.Learn(s_answered.Value.Images.Slice(0, 1_000).Values.Span, Width);

    /// <summary>What prototypes measured on 7,000 images, under keys of their own.</summary>
    [Theory]
    [InlineData(0.02, 0.067)]
    [InlineData(0.05, 0.159)]
    public void The_cosine_mark_moves_answers_as_far_as_measured(double strength, double expected)
    {
        (Dataset images, float[] answers) = s_answered.Value;
        InputSpace space = Space;
        double sum = 0;
        int count = 0;
        for (int number = 0; number < 5; number++)
        {
            using MarkKey key = Key(number);
            InputMarks marks = new(key, space, traps: false);
            CosineRelease release = new(marks, new CosineMarkOptions { Strength = strength });
            double[] scratch = new double[10];
            for (int row = 1_000; row < images.Count; row++, count++)
            {
                double[] clean = Array.ConvertAll(answers[(row * 10)..((row * 10) + 10)], value => (double)value);
                double[] marked = [.. clean];
                int top = Array.IndexOf(clean, clean.Max());
                release.Apply(marked, top, marks.Read(images.GetRow(row)).Projection, 0, 0, scratch);
                Assert.Equal(marked[top], marked.Max());
                sum += clean.Zip(marked, (before, after) => Math.Abs(after - before)).Sum();
            }
        }

        Assert.InRange(sum / count, expected * 0.75, expected * 1.25);
    }

    [Fact]
    public void Honest_images_lie_in_no_trap_and_noise_does()
    {
        Dataset images = s_answered.Value.Images;
        using MarkKey key = Key(1);
        TrapMark traps = new(key, Space);
        SeededRandom random = new(1, 0);
        float[] noise = new float[Width];
        int honest = 0;
        int noisy = 0;
        for (int row = 1_000; row < images.Count; row++)
        {
            honest += traps.Find(images.GetRow(row)) > 0 ? 1 : 0;
            for (int i = 0; i < Width; i++)
            {
                noise[i] = (random.NextSigned() + 1) / 2;
            }

            noisy += traps.Find(noise) > 0 ? 1 : 0;
        }

        Assert.InRange(honest, 0, (images.Count - 1_000) / 200);
        Assert.Equal(images.Count - 1_000, noisy);
    }

    [Fact]
    public void Rows_for_traps_lie_in_them_within_the_bounds_and_are_the_same_again()
    {
        Dataset images = s_answered.Value.Images;
        InputSpace space = Space;
        using MarkKey key = Key(1);
        using MarkKey other = Key(2);
        ReadOnlySpan<float> benign = images.Slice(1_000, 200).Values.Span;
        (float[] rows, int[] traps) = TrapInputs.Make(key, space, benign, 64, 7, 0, 1);
        Assert.Equal(rows, TrapInputs.Make(key, space, benign, 64, 7, 0, 1).Rows);
        Assert.All(rows, value => Assert.InRange(value, 0, 1));
        TrapMark marks = new(key, space);
        for (int row = 0; row < traps.Length; row++)
        {
            Assert.Equal(traps[row] + 1, marks.Find(rows.AsSpan(row * Width, Width)));
        }

        Assert.InRange(traps.Distinct().Count(), 10, TrapMark.Count);
        TrapMark others = new(other, space);
        Assert.True(Enumerable.Range(0, traps.Length).Count(row => others.Find(rows.AsSpan(row * Width, Width)) != traps[row] + 1) > traps.Length / 2);
        Assert.Contains("bounds", Assert.Throws<ArgumentException>(() => TrapInputs.Make(key, space, images.Slice(1_000, 200).Values.Span, 1, 7, 0.5f, 0.5001f)).Message, StringComparison.Ordinal);
    }

    /// <summary>Each answer is the mean of n accounts' answers: the payload's vector is as long as that of n independent phases.</summary>
    [Fact]
    public void A_payload_names_its_caller_and_pooled_accounts_weaken_it()
    {
        using MarkKey key = Key(3);
        InputMarks marks = new(key, Space, payload: true, traps: false);
        PayloadAttribution one = Pooled(marks, 1, 0);
        double[] scores = [.. Enumerable.Range(0, 16).Select(account => one.ScoreOf(KeyOf(account)))];
        Assert.Equal(scores.Max(), scores[0]);
        Assert.True(scores[0] > 8 && one.PValue < 1e-12, $"{scores[0]}");
        double square = Enumerable.Range(0, 10).Average(start => Math.Pow(Pooled(marks, 4, start * 4).Length / one.Length, 2));
        Assert.InRange(square, 0.05, 0.6); // 1/4 in the mean; of ten exponentials a mean lies outside with 2e-4
        PayloadAttribution none = Pooled(marks, 0, 0);
        Assert.True(none.PValue > 0.001);
    }

    [Fact]
    public void An_owner_measures_the_payload_with_key_and_space_alone_and_shapes_that_do_not_fit_are_refused()
    {
        using MarkKey key = Key(1);
        (Dataset images, float[] answers) = s_answered.Value;
        InputSpace space = InputSpace.Learn(images.Values.Span[..(1_000 * images.Width)], images.Width);
        InputMarks marks = new(key, space, cosine: true, payload: true);
        PayloadAttribution own = PayloadAttribution.Measure(key, space, 2, images.Values.Span, answers, Released(marks, images, answers, KeyOf(3)), 10);
        Assert.True(own.ScoreOf(KeyOf(3)) > 8 && own.PValue < 1e-12, $"{own.ScoreOf(KeyOf(3))}");

        float[] broken = [.. answers];
        broken[5] = float.NaN;
        Assert.Contains("not finite", Assert.Throws<ArgumentException>(() => PayloadAttribution.Measure(key, space, 2, images.Values.Span, answers, broken, 10)).Message, StringComparison.Ordinal);
        Assert.Contains("no whole rows", Assert.Throws<ArgumentException>(() => PayloadAttribution.Measure(key, space, 2, images.Values.Span[1..], answers, answers, 10)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => PayloadAttribution.Measure(key, space, 0, images.Values.Span, answers, answers, 10));
        Assert.Contains("are not answers", Assert.Throws<ArgumentException>(() => PayloadAttribution.Measure(key, space, 2, images.Values.Span, answers, answers.AsSpan(10), 10)).Message, StringComparison.Ordinal);
    }

    private static float[] Released(InputMarks marks, Dataset rows, float[] clean, CallerKey caller)
    {
        OutputPlan plan = new("scores", OutputKind.Probabilities, new HardeningOptions());
        CosineRelease release = new(marks, new CosineMarkOptions { Strength = 0.05, Payload = true });
        float[] all = new float[clean.Length];
        for (int row = 0; row < rows.Count; row++)
        {
            MarkInput input = marks.Read(rows.GetRow(row), default);
            CosineStep step = new(release, input.Projection, input.PayloadProjection, marks.PayloadPhase(caller));
            Assert.True(DistributionHardening.TryHarden(plan, s_noise, clean.AsSpan(row * 10, 10), all.AsSpan(row * 10, 10), out _, out _, out _, default, in step));
        }

        return all;
    }

    private static PayloadAttribution Pooled(InputMarks marks, int accounts, int first)
    {
        (Dataset images, float[] answers) = s_answered.Value;
        Dataset rows = images.Slice(1_000, images.Count - 1_000);
        ReadOnlySpan<float> clean = answers.AsSpan(1_000 * 10);
        OutputPlan plan = new("scores", OutputKind.Probabilities, new HardeningOptions());
        CosineRelease release = new(marks, new CosineMarkOptions { Strength = 0.05, Payload = accounts > 0 });
        float[] mean = new float[clean.Length];
        float[] released = new float[10];
        for (int row = 0; row < rows.Count; row++)
        {
            MarkInput input = marks.Read(rows.GetRow(row), default);
            for (int account = first; account < first + Math.Max(1, accounts); account++)
            {
                CosineStep step = new(release, input.Projection, input.PayloadProjection, marks.PayloadPhase(KeyOf(account)));
                Assert.True(DistributionHardening.TryHarden(plan, s_noise, clean.Slice(row * 10, 10), released, out _, out _, out _, default, in step));
                for (int i = 0; i < 10; i++)
                {
                    mean[(row * 10) + i] += released[i] / Math.Max(1, accounts);
                }
            }
        }

        return PayloadAttribution.Measure(marks, 2, rows.Values.Span, clean, mean, 10);
    }

    private static CallerKey KeyOf(int account) => new((ulong)account + 1, 0);

    private static MarkKey Key(int number)
    {
        byte[] bytes = new byte[MarkKey.Size];
        bytes[0] = (byte)(number + 1);
        return MarkKey.Import(bytes, "test", "fashion");
    }

    private static (Dataset, float[]) Answer()
    {
        FashionDataset all = FashionDataset.LoadSubset();
        Dataset images = TestData.Images(all.Labels.Length);
        using OnnxClassifier model = new(Path.Combine(SampleFiles.FindRoot(), "samples", "models", "fashion.onnx"));
        float[] answers = new float[images.Count * 10];
        model.Classify(images.Values.Span, answers);
        return (images, answers);
    }
}
