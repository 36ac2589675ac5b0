namespace InferenceShield.Statistics.Ownership;

/// <summary>A near tie of the clean model.</summary>
/// <param name="Tie">The two labels.</param>
/// <param name="Row">The input.</param>
/// <param name="Place">Where it lies: see <see cref="RegionMark.Locate"/>.</param>
internal sealed record RegionTie(NearTie Tie, float[] Row, double[] Place);
