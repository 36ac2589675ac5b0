namespace InferenceShield;

/// <summary>A row whose two leading classes are near each other.</summary>
/// <param name="Lower">The lower index of the two.</param>
/// <param name="Higher">The higher index.</param>
/// <param name="Mass">The sum of their probabilities, in tenths.</param>
internal readonly record struct NearTie(int Lower, int Higher, int Mass);
