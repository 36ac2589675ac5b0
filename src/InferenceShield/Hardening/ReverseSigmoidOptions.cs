namespace InferenceShield;

/// <summary>How strongly a reverse sigmoid perturbs.</summary>
/// <remarks>Offered for comparison. The defaults cost a thief nothing; a strength that costs him anything inverts the
/// confidence that honest users see: see <see cref="HardeningSteps.ReverseSigmoid"/>.</remarks>
public sealed class ReverseSigmoidOptions
{
    internal const double LargestBeta = 1;
    internal const double LargestGamma = 10;
    internal const double DefaultBeta = 0.008;
    internal const double DefaultGamma = 0.2;

    /// <summary>The height of the perturbation: no score is moved by more than half of it before the sum is made 1 again.</summary>
    /// <value>0 to 1; the default is 0.008. 0 perturbs nothing.</value>
    public double Beta { get; set; } = DefaultBeta;

    /// <summary>The steepness of the sigmoid over the score's logit.</summary>
    /// <value>0 to 10; the default is 0.2. 0 perturbs nothing; 1 with a <see cref="Beta"/> of 1 makes every answer uniform.</value>
    public double Gamma { get; set; } = DefaultGamma;

    internal ReverseSigmoidOptions Clone() => (ReverseSigmoidOptions)MemberwiseClone();
}
