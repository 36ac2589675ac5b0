namespace InferenceShield.Lab;

/// <summary>How inputs are moved and scaled before a surrogate sees them; learned from the queries and part of the surrogate.</summary>
public enum SurrogateScaling
{
    /// <summary>
    /// Decided by the queries: <see cref="Global"/> where there are at least 64 features and the widest range (largest less
    /// smallest value of a feature) is at most 4 times the median range, as in images, whose dark corners no scale should
    /// blow up; otherwise <see cref="PerFeature"/>.
    /// </summary>
    Automatic,

    /// <summary>Inputs as they are.</summary>
    None,

    /// <summary>All values together have mean 0 and deviation 1.</summary>
    Global,

    /// <summary>Each feature has mean 0 and deviation 1. A feature that is the same in all queries is left out.</summary>
    PerFeature,
}
