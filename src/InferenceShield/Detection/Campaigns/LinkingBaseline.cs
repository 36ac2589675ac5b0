namespace InferenceShield;

/// <summary>How much honest callers resemble each other, at n = 11, 45 and 181. Immutable, thread-safe.</summary>
internal sealed class LinkingBaseline
{
    /// <summary>Queries at which callers are compared.</summary>
    public static readonly int[] Queries = [11, 45, 181];

    /// <summary>Cosines from which on two callers are neighbours.</summary>
    public static readonly float[] Cosines = [.85f, .95f, .95f];

    /// <summary>By n: honest callers' whitened vectors are shorter than this in 80 %.</summary>
    public required float[] Lengths { get; init; }

    /// <summary>By n, where whitening and standard deviations come from; null where callers were too few.</summary>
    public required VectorBaseline?[] Vectors { get; init; }

    /// <summary>By n x 24: standard deviations of whitened components over honest callers.</summary>
    public required float[][] Spreads { get; init; }

    /// <summary>By n: cohort sizes and, for each, the 99 % quantile of the largest neighbourhood over honest cohorts of that size.</summary>
    public required (int Cohort, int Size)[][] Sizes { get; init; }
}
