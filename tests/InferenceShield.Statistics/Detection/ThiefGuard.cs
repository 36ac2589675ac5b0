namespace InferenceShield.Statistics.Detection;

/// <summary>What a thief who knows the algorithm, but neither key nor calibration, does so as not to be noticed.</summary>
internal enum ThiefGuard
{
    /// <summary>Nothing: the twin to compare with.</summary>
    None = 0,

    /// <summary>Of several queries asks the one that keeps his own means of v and his mix of labels nearest to his pool's.</summary>
    Means,

    /// <summary>Calibrates for himself on callers that he makes up of his pool and a first copy, and stays below a share of his own
    /// thresholds; where no query of the attack does, he asks the row of his pool that brings him back best.</summary>
    Calibration,
}
