namespace InferenceShield.Benchmarks.Ratios;

/// <summary>What one launch has measured of a candidate.</summary>
/// <param name="Name">The candidate.</param>
/// <param name="Nanoseconds">The median over the rounds of an operation's time.</param>
/// <param name="Ratio">That median by the baseline's.</param>
/// <param name="LowRatio">The 10th percentile of the ratios of single rounds.</param>
/// <param name="HighRatio">The 90th percentile.</param>
/// <param name="BytesPerOperation">Bytes allocated.</param>
/// <param name="Goal">The ratio that it should not exceed.</param>
/// <param name="Stretch">The ratio it would be good to reach.</param>
internal sealed record CandidateTimes(
    string Name,
    double Nanoseconds,
    double Ratio,
    double LowRatio,
    double HighRatio,
    double BytesPerOperation,
    double? Goal,
    double? Stretch);
