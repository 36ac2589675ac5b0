namespace InferenceShield.Lab.Tests;

public sealed class AdversarialTransferTests
{
    [Fact]
    public void A_plane_is_crossed_by_who_is_near_enough()
    {
        // Class 1 above 0 in the sum of both values: a step of eps in each moves the sum by 2 eps. Distances .1, .3 and 1 from the plane.
        Plane plane = new();
        Dataset rows = new("rows", new[] { 0.05f, 0.05f, 0.1f, 0.2f, -0.5f, -0.5f }, 2);
        Assert.Equal(new AdversarialTransfer(1 / 3.0, 1 / 3.0, 3), AdversarialTransfer.Measure(plane, plane, rows, 0.1f));
        Assert.Equal(2 / 3.0, AdversarialTransfer.Measure(plane, plane, rows, 0.2f).TargetFlipped, 1e-9);
        Assert.Equal(1, AdversarialTransfer.Measure(plane, plane, rows, 0.6f, steps: 10).TargetFlipped, 1e-9);

        // Bounds hold rows back.
        Assert.Equal(0, AdversarialTransfer.Measure(plane, plane, rows, 0.6f, 1, 0.01f, 1f).TargetFlipped - (1 / 3.0), 1e-9);
    }

    [Fact]
    public void A_surrogate_s_own_gradient_and_differences_find_the_same_inputs()
    {
        Dataset letters = TestData.Letters().Shuffle(1).Slice(0, 1600);
        float[] truth = new float[1500 * 26];
        for (int i = 0; i < 1500; i++)
        {
            truth[(i * 26) + letters.Labels.Span[i]] = 1;
        }

        SurrogateOptions options = new() { Hidden = [32], Steps = 400 };
        Surrogate target = SurrogateTrainer.Train(letters.Values.Span[..(1500 * 16)], truth, 16, 26, options, 1, 1, default);
        Surrogate copy = SurrogateTrainer.Train(letters.Values.Span[..(1500 * 16)], truth, 16, 26, options, 2, 1, default);
        Dataset rows = letters.Slice(1500, 100);
        AdversarialTransfer own = AdversarialTransfer.Measure(copy, target, rows, 1);
        AdversarialTransfer differences = AdversarialTransfer.Measure(new Opaque(copy), target, rows, 1);
        AdversarialTransfer iterated = AdversarialTransfer.Measure(copy, target, rows, 1, steps: 8);
        Assert.True(own.CopyFlipped > 0.4, $"{own}");
        Assert.InRange(differences.CopyFlipped, own.CopyFlipped - 0.1, own.CopyFlipped + 0.2);
        Assert.True(iterated.CopyFlipped >= own.CopyFlipped, $"{iterated}");
        Assert.True(own.TargetFlipped > 0.2, $"{own}");
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Plane plane = new();
        Assert.Throws<ArgumentException>(() => AdversarialTransfer.Measure(plane, plane, new Dataset("rows", new float[3], 3), 0.1f));
        Assert.Throws<ArgumentException>(() => AdversarialTransfer.Measure(plane, plane, new Dataset("rows", default, 2), 0.1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => AdversarialTransfer.Measure(plane, plane, new Dataset("rows", new float[2], 2), 0));
    }

    private sealed class Plane : IClassifier
    {
        public int InputLength => 2;

        public int ClassCount => 2;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            for (int row = 0; row < inputs.Length / 2; row++)
            {
                float one = 1 / (1 + MathF.Exp(-(inputs[2 * row] + inputs[(2 * row) + 1])));
                probabilities[2 * row] = 1 - one;
                probabilities[(2 * row) + 1] = one;
            }
        }
    }

    private sealed class Opaque(IClassifier model) : IClassifier
    {
        public int InputLength => model.InputLength;

        public int ClassCount => model.ClassCount;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities) => model.Classify(inputs, probabilities);
    }
}
