namespace InferenceShield;

/// <summary>Which answers adaptive misinformation draws towards a decoy, and how sharply.</summary>
/// <remarks>Offered for comparison: see <see cref="HardeningSteps"/> for what it is worth where labels are kept.</remarks>
public sealed class AdaptiveMisinformationOptions
{
    internal const double LargestNu = 1_000_000;
    internal const double DefaultTau = 0.25;
    internal const double DefaultNu = 1000;

    /// <summary>The confidence at which an answer is drawn half way to the decoy: less below it, more above it is kept.</summary>
    /// <value>0 to 1; the default is 0.25, as published evaluations use. A confidence is never below 1/K: with few classes
    /// it takes a higher one to do anything.</value>
    public double Tau { get; set; } = DefaultTau;

    /// <summary>The steepness of the change at <see cref="Tau"/>.</summary>
    /// <value>0 to 1,000,000; the default is 1000, nearly a switch. 0 draws every answer half way.</value>
    public double Nu { get; set; } = DefaultNu;

    internal AdaptiveMisinformationOptions Clone() => (AdaptiveMisinformationOptions)MemberwiseClone();
}
