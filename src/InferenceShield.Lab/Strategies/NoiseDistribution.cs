namespace InferenceShield.Lab;

/// <summary>How <see cref="NoiseStrategy"/> draws the value of a feature.</summary>
public enum NoiseDistribution
{
    /// <summary>Uniform between the bounds of the feature.</summary>
    Uniform,

    /// <summary>Normal with the mean and the spread of the feature, clipped to its bounds.</summary>
    Gaussian,
}
