namespace InferenceShield;

/// <summary>A statistic over one caller's queries: see docs/detection.md.</summary>
public enum DetectionStatistic
{
    /// <summary>Mahalanobis distance of the mean vector of all queries (Mc).</summary>
    Cumulative = 0,

    /// <summary>The same of about the last 32 queries (Me32).</summary>
    Recent32,

    /// <summary>The same of about the last 256 queries (Me256).</summary>
    Recent256,

    /// <summary>Queries that are nearly, but not exactly, one of the last 64 (ND).</summary>
    NearDuplicates,

    /// <summary>Queries that lie far from benign ones (J1).</summary>
    Outliers,

    /// <summary>Queries that look like what attacks make of benign ones (J3).</summary>
    TrainedOutliers,

    /// <summary>As <see cref="Cumulative"/>, of answers only.</summary>
    OutputCumulative,

    /// <summary>As <see cref="Recent32"/>, of answers only.</summary>
    OutputRecent32,

    /// <summary>As <see cref="Recent256"/>, of answers only.</summary>
    OutputRecent256,

    /// <summary>The cold start's discounted e-CUSUM, which needs no calibration by callers.</summary>
    ColdStart,
}
