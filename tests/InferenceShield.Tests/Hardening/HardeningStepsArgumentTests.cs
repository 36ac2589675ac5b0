namespace InferenceShield.Tests;

/// <summary>Errors name what is wrong and what is allowed; a faulty row leaves nothing of itself.</summary>
public sealed class HardeningStepsArgumentTests
{
    private static readonly float[] s_clean = [0.2f, 0.5f, 0.3f];
    private static readonly byte[] s_key = TestShield.Secret(5)[..16];
    private static readonly byte[] s_noiseKey = TestShield.Secret(5)[..NoiseKey.Size];

    [Fact]
    public void Spans_that_do_not_fit_are_refused_by_every_step_and_left_as_they_were()
    {
        foreach (HardeningStep step in HardeningStep.All)
        {
            ArgumentException error = Assert.ThrowsAny<ArgumentException>(() => step.Run(s_clean, new float[2]));
            Assert.Contains("3 classes", error.Message, StringComparison.Ordinal);
            Assert.ThrowsAny<ArgumentException>(() => step.Run(s_clean, new float[4]));
            Assert.ThrowsAny<ArgumentException>(() => step.Run([], []));

            float[] buffer = [.. s_clean, 0];
            error = Assert.ThrowsAny<ArgumentException>(() => step.Run(buffer.AsSpan(0, 3), buffer.AsSpan(1, 3)));
            Assert.Contains("overlap", error.Message, StringComparison.Ordinal);
            Assertions.SameBits([.. s_clean, 0], buffer);
        }
    }

    [Fact]
    public void A_row_that_cannot_be_released_leaves_nothing_in_any_step()
    {
        (float[] Row, int Class)[] faulty =
        [
            ([0.2f, float.NaN, 0.3f], 1),
            ([float.PositiveInfinity, 0.2f, 0.3f], 0),
            ([0.2f, 0.3f, float.NegativeInfinity], 2),
            ([0.6f, 0.41f, -0.01f], 2),
            ([0.2f, 0.2f, 0.3f], -1),
            ([2, 5, -6], 2),
            ([0, 0, 0], -1),
        ];
        foreach (HardeningStep step in HardeningStep.All)
        {
            foreach ((float[] row, int index) in faulty)
            {
                float[] released = [7, 7, 7];
                InvalidModelOutputException error = Assert.Throws<InvalidModelOutputException>(() => step.Run(row, released));
                Assert.Equal(index, error.Class);
                Assert.Equal("probabilities", error.Output);
                Assert.Equal([0f, 0f, 0f], released);

                float[] inPlace = [.. row];
                Assert.Throws<InvalidModelOutputException>(() => step.Run(inPlace, inPlace));
                Assert.Equal([0f, 0f, 0f], inPlace);
            }
        }
    }

    [Fact]
    public void A_faulty_decoy_leaves_nothing_of_the_row_either()
    {
        float[] released = [.. s_clean];
        InvalidModelOutputException error = Assert.Throws<InvalidModelOutputException>(
            () => HardeningSteps.AdaptiveMisinformation(released, released, [0.5f, float.NaN, 0.5f]));
        Assert.Equal("decoy", error.Output);
        Assert.Equal(1, error.Class);
        Assert.Equal([0f, 0f, 0f], released);
    }

    [Fact]
    public void Arguments_out_of_range_are_named_with_what_is_allowed()
    {
        Refused("decimals", "1 to 5", () => HardeningSteps.Round(s_clean, new float[3], 0));
        Refused("decimals", "1 to 5", () => HardeningSteps.Round(s_clean, new float[3], 6));
        Refused("digits", "1 to 5", () => HardeningSteps.RoundToSignificantDigits(s_clean, new float[3], 0));
        Refused("digits", "1 to 5", () => HardeningSteps.RoundToSignificantDigits(s_clean, new float[3], 6));
        Refused("k", "1 to 3", () => HardeningSteps.TopK(s_clean, new float[3], 0));
        Refused("k", "1 to 3", () => HardeningSteps.TopK(s_clean, new float[3], 4));
        Refused("remainder", "Zero or Shared", () => HardeningSteps.TopK(s_clean, new float[3], 2, (TopKRemainder)7));
        foreach (double wrong in (double[])[double.NaN, double.NegativeInfinity, -0.001, 1e9])
        {
            Refused("cutoff", "0 to 1", () => HardeningSteps.HighConfidence(s_clean, new float[3], wrong));
            Refused("cap", "0.5 to 1", () => HardeningSteps.ConfidenceCap(s_clean, new float[3], wrong));
            Refused("temperature", "0.05 to 100", () => HardeningSteps.Temperature(s_clean, new float[3], wrong));
            Refused("beta", "0 to 1", () => HardeningSteps.ReverseSigmoid(s_clean, new float[3], beta: wrong));
            Refused("gamma", "0 to 10", () => HardeningSteps.ReverseSigmoid(s_clean, new float[3], gamma: wrong));
            Refused("tau", "0 to 1", () => HardeningSteps.AdaptiveMisinformation(s_clean, new float[3], s_key, tau: wrong));
            Refused("nu", "0 to 1000000", () => HardeningSteps.AdaptiveMisinformation(s_clean, new float[3], s_key, nu: wrong));
            Refused("tau", "0 to 1", () => HardeningSteps.AdaptiveMisinformation(s_clean, new float[3], s_clean, tau: wrong));
            Refused("nu", "0 to 1000000", () => HardeningSteps.AdaptiveMisinformation(s_clean, new float[3], s_clean, nu: wrong));
            Refused("budget", "0 to 2", () => HardeningSteps.LeastInformation(s_clean, new float[3], wrong));
            Refused("budget", "0 to 1.9", () => HardeningSteps.KeyedNoise(s_clean, new float[3], wrong, new NoiseKey(s_noiseKey)));
        }

        Refused("cap", "0.5 to 1", () => HardeningSteps.ConfidenceCap(s_clean, new float[3], 0.499));
    }

    [Fact]
    public void A_key_of_another_length_is_refused_without_saying_what_it_is()
    {
        foreach (int length in (int[])[0, 15, 17, 31, 33])
        {
            byte[] key = [.. Enumerable.Repeat((byte)0xAB, length)];
            foreach ((int size, ArgumentException error) in new[]
                {
                    (NoiseKey.Size, Assert.Throws<ArgumentException>("key", () => new NoiseKey(key))),
                    (16, Assert.Throws<ArgumentException>("key", () => HardeningSteps.AdaptiveMisinformation(s_clean, new float[3], key))),
                })
            {
                Assert.Contains($"{length} bytes", error.Message, StringComparison.Ordinal);
                Assert.Contains($"needs {size}", error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("171", error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("AB", error.Message, StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Fact]
    public void A_decoy_of_another_length_or_in_the_released_span_is_refused()
    {
        Assert.Throws<ArgumentException>("decoy", () => HardeningSteps.AdaptiveMisinformation(s_clean, new float[3], new float[2]));
        float[] released = [.. s_clean];
        Assert.Throws<ArgumentException>("decoy", () => HardeningSteps.AdaptiveMisinformation(s_clean, released, released));
        Assertions.SameBits(s_clean, released);
    }

    private static void Refused(string name, string allowed, Action call)
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(name, call);
        Assert.Contains(allowed, error.Message, StringComparison.Ordinal);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }
}
