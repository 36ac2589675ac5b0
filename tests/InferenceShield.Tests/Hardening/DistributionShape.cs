namespace InferenceShield.Tests;

/// <summary>What is awkward about a <see cref="DistributionCase"/>.</summary>
internal enum DistributionShape
{
    Spread,
    Uniform,
    OneHot,
    AlmostOneHot,
    TiedTop,
    NearTie,
    TopWithinMargin,
    Zeros,
    Denormal,
    Grid,
    Halves,
    Rising,
    Falling,
    TwoLevels,
}
