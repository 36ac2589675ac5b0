using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>Several steps fused, for wide rows.</content>
public static partial class HardeningSteps
{
    /// <summary>Softmax, keyed noise and rounding of a row of logits, in four passes over floats: for wide rows whose answer need not lie on a
    /// given grid.</summary>
    /// <param name="logits">The clean row: 2 classes or more.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it. Not negative, sum 1 within 1e-6, with one
    /// strict maximum, which is the first of the largest logits.</param>
    /// <param name="scale">Of the noise: half its width (uniform), its scale (Laplace), its standard deviation (Gaussian); 0 to 1. As it falls
    /// on every class, a wide row takes a small one.</param>
    /// <param name="decimals">1 to 5: each probability is rounded to them before all are divided by their sum, which leaves the grid.
    /// With more classes than steps most become 0.</param>
    /// <param name="key">Prepared once.</param>
    /// <param name="kind">How the noise is distributed.</param>
    /// <param name="temperature">Divides the logits, .05 to 100. Above 1 it helps a thief.</param>
    /// <returns>No less than the L1 distance between the clean and the noisy distribution, before rounding. No budget is kept: for one,
    /// and for a fixed grid with sum exactly 1, use <see cref="KeyedNoise(ReadOnlySpan{float}, Span{float}, double, NoiseKey, NoiseKind)"/>
    /// and <see cref="Round"/>, at several times the cost.</returns>
    /// <remarks>The noise belongs to the label and the probabilities to one decimal. The same bits at every
    /// vector width. Allocates nothing. What it is worth against a thief: no more than keyed noise is.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or an argument out of range.</exception>
    /// <exception cref="InvalidModelOutputException">A logit is not finite; <paramref name="released"/> is zeroed.</exception>
    public static double NoisySoftmax(
        ReadOnlySpan<float> logits, Span<float> released, double scale, int decimals, NoiseKey key, NoiseKind kind = NoiseKind.Uniform, double temperature = 1)
    {
        StepRow.RequireRange(scale, 0, 1, nameof(scale));
        StepRow.RequireRange(decimals, 1, ScorePlan.MostDecimals, nameof(decimals));
        RequireNoise(0, key, kind);
        StepRow.RequireRange(temperature, 0.05, 100, nameof(temperature));
        StepRow.RequireSpans(logits, released);
        int top = FusedNoise.FindTop(logits);
        if (top < 0)
        {
            int index = 0;
            while (float.IsFinite(logits[index]))
            {
                index++;
            }

            OutputFault fault = OutputFault.NotFinite(index, logits[index]);
            released.Clear();
            throw new InvalidModelOutputException(fault.Describe("logits", 0), "logits", 0, index);
        }

        double sum = FusedNoise.Exponentiate(logits, logits[top], (float)(1 / temperature), released);
        Hash128 cell = key.HashOutput(released, sum, top);
        int units = (int)Math.Round(Math.Pow(10, decimals));
        return kind switch
        {
            NoiseKind.Laplace => FusedNoise.Apply<LaplaceSampler>(released, sum, top, (float)scale, units, in key.Random, cell),
            NoiseKind.Gaussian => FusedNoise.Apply<GaussianSampler>(released, sum, top, (float)scale, units, in key.Random, cell),
            _ => FusedNoise.Apply<UniformSampler>(released, sum, top, (float)scale, units, in key.Random, cell),
        };
    }
}
