namespace InferenceShield.Tests;

/// <summary>What steps read and write besides their spans, and what they allocate: nothing.</summary>
[Collection(ProcessWide.Name)]
public sealed class HardeningStepsMemoryTests
{
    /// <summary>Bits of a NaN that no computation makes.</summary>
    private static readonly float s_canary = BitConverter.UInt32BitsToSingle(0x7FC0_BEEF);

    [Fact]
    public void No_step_reads_or_writes_outside_its_spans_at_any_length()
    {
        const int margin = 33;
        foreach (HardeningStep step in HardeningStep.All)
        {
            for (int classes = 1; classes <= 257; classes++)
            {
                float[] clean = [.. new DistributionCase(DistributionShape.Spread, classes, 0, classes).Probabilities().Select(value => (float)value)];
                float[] expected = step.Release(clean);

                // An odd offset, so that no vector load is aligned; NaN all around, which would show in the answer.
                float[] source = Surround(clean, margin);
                float[] target = Surround(new float[classes], margin);
                step.Run(source.AsSpan(margin, classes), target.AsSpan(margin, classes));
                Assertions.SameBits(Surround(expected, margin), target);
                Assertions.SameBits(Surround(clean, margin), source);

                step.Run(source.AsSpan(margin, classes), source.AsSpan(margin, classes));
                Assertions.SameBits(target, source);

                // Nothing before the first and behind the last: both ends of the array.
                float[] first = [.. clean, s_canary];
                float[] last = [s_canary, .. clean];
                step.Run(first.AsSpan(0, classes), first.AsSpan(0, classes));
                step.Run(last.AsSpan(1), last.AsSpan(1));
                Assertions.SameBits([.. expected, s_canary], first);
                Assertions.SameBits([s_canary, .. expected], last);
            }
        }
    }

    [Fact]
    public void A_narrow_row_is_not_touched_by_what_a_wide_one_left_in_the_scratch()
    {
        float[] wide = [.. new DistributionCase(DistributionShape.TwoLevels, 700, 0, 1).Probabilities().Select(value => (float)value)];
        float[] narrow = [0.1f, 0.2f, 0.4f, 0.3f];
        foreach (HardeningStep step in HardeningStep.All)
        {
            float[] expected = [];
            Thread fresh = new(() => expected = step.Release(narrow));
            fresh.Start();
            fresh.Join();
            step.Release(wide);
            Assertions.SameBits(expected, step.Release(narrow));
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1000)]
    public void Steps_allocate_nothing(int classes)
    {
        float[] clean = [.. new DistributionCase(DistributionShape.Spread, classes, 0, 3).Probabilities().Select(value => (float)value)];
        float[] decoy = [.. clean.Reverse()];
        float[] released = new float[classes];
        byte[] key = TestShield.Secret(5)[..16];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                HardeningSteps.Round(clean, released);
                HardeningSteps.RoundToSignificantDigits(clean, released);
                HardeningSteps.LabelOnly(clean, released);
                HardeningSteps.TopK(clean, released, 3);
                HardeningSteps.TopK(clean, released, 3, TopKRemainder.Shared);
                HardeningSteps.HighConfidence(clean, released);
                HardeningSteps.ConfidenceCap(clean, released, 0.5);
                HardeningSteps.Temperature(clean, released, 2);
                HardeningSteps.ReverseSigmoid(clean, released);
                HardeningSteps.AdaptiveMisinformation(clean, released, key, tau: 0.5);
                HardeningSteps.AdaptiveMisinformation(clean, released, decoy, tau: 0.5);
                HardeningSteps.LeastInformation(clean, released, 0.2);
                HardeningSteps.LeastInformation(clean, released, 1.9);
                HardeningSteps.KeyedNoise(clean, released, 0.2, HardeningStep.NoiseKey);
                HardeningSteps.KeyedNoise(clean, released, 0.2, HardeningStep.NoiseKey, NoiseKind.Gaussian, new InputCell(7));
                HardeningSteps.KeyedNoise(clean, released, 0.2, HardeningStep.NoiseKey, NoiseKind.Laplace, new InputDigest(7, 8));
            }
        }));
    }

    private static float[] Surround(float[] row, int margin) =>
        [.. Enumerable.Repeat(s_canary, margin), .. row, .. Enumerable.Repeat(s_canary, margin)];
}
