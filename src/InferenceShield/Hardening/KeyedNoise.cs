using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Noise on a distribution that is a function of secret, model and cell, never a draw.</summary>
/// <remarks>
/// <para>The cell does not know the caller, so several accounts cannot average the noise; repeats get the same, and
/// near-repeats mostly too (<see cref="NoiseCell"/>). The noise is centred, scaled to the L1 budget, added, clipped at 0, and
/// the leading class kept in front; should renormalising have spent more than the budget, the answer is pulled back towards
/// the clean one. Both are distributions with the same leading class, and so is everything between them.</para>
/// <para>The same bits with any vectors and without: sums have one order, and products are fused only where it says so.
/// Five passes over
/// the row, and AES in counter mode for its words: 16 bits a class for uniform noise, 32 for the others.</para>
/// </remarks>
internal static class KeyedNoise
{
    /// <summary>Uniform noise of the output cell.</summary>
    public static void Apply(Span<double> distribution, int top, double budget, NoiseKey key, Span<double> noise) =>
        Apply(distribution, top, budget, NoiseKind.Uniform, key, key.HashOutput(distribution, top), noise);

    /// <summary>Noise of any kind and cell.</summary>
    /// <param name="distribution">Not negative, sum 1. Overwritten by one that is no further away than the budget.</param>
    /// <param name="top">The leading class, one of the largest. No class passes it; others may draw level.</param>
    /// <param name="budget">L1 distance, 0 to 2.</param>
    /// <param name="kind">How the noise is distributed.</param>
    /// <param name="key">The shield's and model's.</param>
    /// <param name="cell">From <see cref="NoiseKey.HashOutput(ReadOnlySpan{double}, int)"/> or <see cref="NoiseKey.HashInput"/>.</param>
    /// <param name="noise">Scratch, as long as the distribution.</param>
    public static void Apply(
        Span<double> distribution, int top, double budget, NoiseKind kind, NoiseKey key, Hash128 cell, Span<double> noise)
    {
        double mean = Fill(kind, in key.Random, cell, noise) / noise.Length;
        double norm = LaneSums.Apply(new NoiseSteps.Centre(mean), distribution, noise, noise);
        double scale = norm > 0 ? budget / norm : 0;

        // No class may pass the leading one, and the leading one keeps some mass for the rest to be measured by.
        double cap = Math.Max(distribution[top] + (noise[top] * scale), 1.0 / noise.Length);
        double sum = LaneSums.Apply(new NoiseSteps.AddAndClip(scale, cap), distribution, noise, noise);
        sum += cap - noise[top];
        noise[top] = cap;

        double distance = LaneSums.Apply(new NoiseSteps.Normalize(1 / sum), distribution, noise, noise);
        double share = distance > budget ? budget / distance : 1;
        double leading = distribution[top] + ((noise[top] - distribution[top]) * share);
        LaneSums.Apply(new NoiseSteps.Blend(share, leading), distribution, noise, distribution);
    }

    private static double Fill(NoiseKind kind, in CounterRandom random, Hash128 cell, Span<double> noise) => kind switch
    {
        NoiseKind.Laplace => NoiseSamples.Fill<LaplaceSampler>(in random, cell, noise),
        NoiseKind.Gaussian => NoiseSamples.Fill<GaussianSampler>(in random, cell, noise),
        _ => NoiseSamples.Fill<UniformSampler>(in random, cell, noise),
    };
}
