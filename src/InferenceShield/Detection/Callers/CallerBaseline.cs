namespace InferenceShield;

/// <summary>What honest callers' statistics look like. Immutable, thread-safe.</summary>
internal sealed class CallerBaseline
{
    /// <summary>Allowances of the near-duplicate CUSUMs.</summary>
    public static readonly float[] NearDuplicateAllowances = [.03f, .1f, .3f];

    /// <summary>Allowances of the outlier CUSUMs, for each of two cuts.</summary>
    public static readonly float[] OutlierAllowances = [.02f, .05f, .1f, .2f, .4f];

    /// <summary>8 x 2^(j/2), rounded: 8, 11, 16, 23, 32, ... up to the lifetime. Recent means are looked at every 32 queries.</summary>
    public required int[] Checkpoints { get; init; }

    /// <summary>By checkpoint; the latest one with enough callers stands for those after it.</summary>
    public required VectorBaseline[] Cumulative { get; init; }

    /// <summary>By the latest checkpoint that n has reached.</summary>
    public required VectorBaseline[] Recent32 { get; init; }

    public required VectorBaseline[] Recent256 { get; init; }

    public required VectorBaseline[] OutputCumulative { get; init; }

    public required VectorBaseline[] OutputRecent32 { get; init; }

    public required VectorBaseline[] OutputRecent256 { get; init; }

    /// <summary>Divisors of the near-duplicate CUSUMs: 3.</summary>
    public required float[] NearDuplicateScales { get; init; }

    /// <summary>Divisors of the J1 CUSUMs: cut x allowance, 10.</summary>
    public required float[] OutlierScales { get; init; }

    /// <summary>Divisors of the J3 CUSUMs: 10.</summary>
    public required float[] TrainedOutlierScales { get; init; }

    /// <summary>Queries of the longest calibrated life: after so many a caller's statistics begin anew, in a new epoch.</summary>
    public required int Lifetime { get; init; }
}
