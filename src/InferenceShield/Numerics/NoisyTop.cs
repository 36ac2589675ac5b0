namespace InferenceShield.Numerics;

/// <summary>What noise makes of the leading class, worked out before the others so that none passes it.</summary>
internal readonly struct NoisyTop
{
    /// <param name="weight">Of the leading class.</param>
    /// <param name="sum">Of all weights.</param>
    /// <param name="sample">Its noise at a scale of 1.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="units">Steps between 0 and 1.</param>
    /// <param name="classes">The classes.</param>
    public NoisyTop(float weight, double sum, float sample, float scale, int units, int classes)
    {
        InverseSum = (float)(1 / sum);
        Scale = scale;
        Units = units;
        float clean = weight * InverseSum;
        float moved = MathF.FusedMultiplyAdd(sample, scale, clean);
        Noisy = Math.Max(moved, 1f / classes);
        Steps = Math.Max(1, (int)MathF.FusedMultiplyAdd(Noisy, Units, 0.5f));

        // The passes clip the leading class like any other.
        float clipped = moved > 0 ? moved : 0;
        Added = Noisy - clipped;
        AddedDistance = Math.Abs(Noisy - clean) - Math.Abs(clipped - clean);
    }

    public float InverseSum { get; }

    public float Scale { get; }

    public float Units { get; }

    /// <summary>Its noisy probability, at least one class's share; no other class gets more.</summary>
    public float Noisy { get; }

    /// <summary>Its steps, at least 1; every other class gets one fewer at most.</summary>
    public int Steps { get; }

    /// <summary>What it has been given above its noise.</summary>
    public double Added { get; }

    /// <summary>And how much further from the clean row that is.</summary>
    public double AddedDistance { get; }
}
