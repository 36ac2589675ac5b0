namespace InferenceShield.Statistics.Postures;

/// <summary>One figure that a release has to keep: a line of posture-acceptance.csv.</summary>
/// <param name="Data">Which model.</param>
/// <param name="Release">What of.</param>
/// <param name="Figure">Which.</param>
/// <param name="Measured">The mean over the seeds (the greatest of a maximum).</param>
/// <param name="Lowest">Accepted from here on.</param>
/// <param name="Highest">Accepted up to here.</param>
internal sealed record AcceptanceFigure(string Data, string Release, string Figure, double Measured, double Lowest, double Highest)
{
    public bool IsKept => Measured >= Lowest && Measured <= Highest;
}
