namespace InferenceShield;

/// <summary>Plain facts about a caller's queries, for dashboards and reviews. They raise no alarm: nothing about them is promised.</summary>
/// <remarks>A snapshot; immutable. For operators: never for callers. Windows are counted in queries, so that they mean the same for slow and fast
/// callers. Until a window has 64 queries its numbers are those of a caller without a history: 1 for ratios, 0 for differences.</remarks>
/// <param name="Queries">Queries seen, over all epochs.</param>
/// <param name="RateRatio">How many times faster the caller asks now (mean time between about the last 25 queries) than it used to (about the last 750). Pauses count
/// as ten minutes at most; queries at which the clock went back are left out.</param>
/// <param name="LabelEntropy">Entropy of the labels of about the last 128 queries, in nats. Labels beyond 16 share places.</param>
/// <param name="EarlierLabelEntropy">The same of about the last 2,000.</param>
/// <param name="ConfidenceVariance">Variance of the clean confidence over about the last 100 queries; 0 where there is none.</param>
/// <param name="RareClassFocus">Mean of -ln(share of the label in benign queries) over about the last 100 queries, less its mean over benign queries, in nats: above 0
/// where the caller asks for rare labels.</param>
/// <param name="BorderlineShare">Share of about the last 100 answers whose two leading labels are within .1, 0 to 1.</param>
/// <param name="BorderlineRatio">The same as a multiple of the benign share; 1 where that is 0.</param>
/// <param name="SweepLength">Queries in a row, up to the latest one, that repeat one of the two latest different steps through the input space: lines, grids, staircases.</param>
/// <param name="LongestSweep">The longest such row.</param>
public readonly record struct CallerPlainSignals(
    long Queries,
    double RateRatio,
    double LabelEntropy,
    double EarlierLabelEntropy,
    double ConfidenceVariance,
    double RareClassFocus,
    double BorderlineShare,
    double BorderlineRatio,
    int SweepLength,
    int LongestSweep)
{
    /// <summary>From this ratio on a caller's rate stands out.</summary>
    public const double HighRateRatio = 10;

    /// <summary>From this length on a sweep stands out.</summary>
    public const int LongSweep = 8;

    /// <summary>Whether the caller asks ten times faster than it used to, or more.</summary>
    public bool IsFast => RateRatio >= HighRateRatio;

    /// <summary>Whether the caller has swept through the input space.</summary>
    public bool IsSweeping => LongestSweep >= LongSweep;

    /// <summary>How much the entropy of labels has changed, in nats: below 0 where the caller has narrowed down.</summary>
    public double LabelEntropyChange => LabelEntropy - EarlierLabelEntropy;
}
