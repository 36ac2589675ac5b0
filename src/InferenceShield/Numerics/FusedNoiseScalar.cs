namespace InferenceShield.Numerics;

/// <summary>The portable twin of <see cref="FusedNoise"/>.</summary>
internal static class FusedNoiseScalar
{
    private const int Lanes = NoiseSamples.Group;

    /// <inheritdoc cref="FusedNoise.FindTop"/>
    public static int FindTop(ReadOnlySpan<float> logits)
    {
        int top = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (!float.IsFinite(logits[i]))
            {
                return -1;
            }

            top = logits[i] > logits[top] ? i : top;
        }

        return top;
    }

    /// <inheritdoc cref="FusedNoise.Exponentiate"/>
    public static double Exponentiate(ReadOnlySpan<float> logits, float largest, float inverseTemperature, Span<float> weights)
    {
        Span<float> lanes = stackalloc float[Lanes];
        double sum = 0;
        for (int at = 0; at < logits.Length; at += FusedNoise.Chunk)
        {
            lanes.Clear();
            for (int i = at; i < Math.Min(at + FusedNoise.Chunk, logits.Length); i++)
            {
                weights[i] = Exponential.Exp((logits[i] - largest) * inverseTemperature);
                lanes[i % Lanes] += weights[i];
            }

            sum += Fold(lanes);
        }

        return sum;
    }

    /// <inheritdoc cref="FusedNoise.Apply"/>
    public static double Apply<TSampler>(
        Span<float> weights, double sum, int top, float scale, int units, in CounterRandom random, Hash128 cell)
        where TSampler : struct, INoiseSampler
    {
        Span<uint> words = stackalloc uint[TSampler.WordsInGroup];
        random.Fill(cell, NoiseSamples.BlockOf<TSampler>(top / Lanes), words);
        NoisyTop leader = new(weights[top], sum, TSampler.Sample(words, top % Lanes), scale, units, weights.Length);
        Span<float> noisyLanes = stackalloc float[Lanes];
        Span<float> distanceLanes = stackalloc float[Lanes];
        double noisy = leader.Added;
        double distance = leader.AddedDistance;
        long steps = 0;
        for (int at = 0; at < weights.Length; at += FusedNoise.Chunk)
        {
            noisyLanes.Clear();
            distanceLanes.Clear();
            for (int i = at; i < Math.Min(at + FusedNoise.Chunk, weights.Length); i++)
            {
                if (i % Lanes == 0)
                {
                    random.Fill(cell, NoiseSamples.BlockOf<TSampler>(i / Lanes), words);
                }

                float clean = weights[i] * leader.InverseSum;
                float moved = MathF.FusedMultiplyAdd(TSampler.Sample(words, i % Lanes), leader.Scale, clean);
                moved = moved > 0 ? moved : 0;
                moved = moved < leader.Noisy ? moved : leader.Noisy;
                noisyLanes[i % Lanes] += moved;
                distanceLanes[i % Lanes] += Math.Abs(moved - clean);
                int rounded = Math.Min((int)MathF.FusedMultiplyAdd(moved, leader.Units, 0.5f), leader.Steps - 1);
                weights[i] = rounded;
                steps += rounded;
            }

            noisy += Fold(noisyLanes);
            distance += Fold(distanceLanes);
        }

        steps += leader.Steps - (long)weights[top];
        weights[top] = leader.Steps;
        float factor = (float)(1.0 / steps);
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] *= factor;
        }

        return distance + Math.Abs(noisy - 1);
    }

    private static float Fold(Span<float> lanes)
    {
        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                lanes[lane] += lanes[lane + half];
            }
        }

        return lanes[0];
    }
}
