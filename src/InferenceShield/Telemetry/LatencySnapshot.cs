namespace InferenceShield;

/// <summary>What a latency histogram held at one moment. All durations are in nanoseconds and 0 when nothing was recorded.</summary>
/// <remarks>The quantiles are by nearest rank, and within 1.6 % of the true one between 100 ns and 100 s. They and
/// <paramref name="Count"/> describe the same recordings; <paramref name="Max"/> may already know of a later one.</remarks>
/// <param name="Count">For how many calls the recorded durations stand.</param>
/// <param name="P50">Half of them took no longer.</param>
/// <param name="P95">95 of 100 took no longer.</param>
/// <param name="P99">99 of 100 took no longer.</param>
/// <param name="Max">The longest that was recorded, exact to the nanosecond.</param>
public readonly record struct LatencySnapshot(long Count, long P50, long P95, long P99, long Max);
