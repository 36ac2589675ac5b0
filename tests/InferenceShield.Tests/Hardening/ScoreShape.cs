namespace InferenceShield.Tests;

/// <summary>What is awkward about a <see cref="ScoreCase"/>.</summary>
internal enum ScoreShape
{
    Spread,
    Equal,
    TiedTop,
    NearTie,
    OneHot,
    Tiny,
    Huge,
    Sparse,
    Shifted,
    Grid,
}
