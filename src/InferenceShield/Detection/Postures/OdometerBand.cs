namespace InferenceShield;

/// <summary>A limit on the leak odometer, and the posture from there on.</summary>
public sealed class OdometerBand
{
    /// <summary>Benign mass of the cells visited.</summary>
    /// <value>Above 0, up to 1.</value>
    public double Limit { get; set; }

    /// <summary>The posture of whoever has reached it.</summary>
    /// <value>The default is <see cref="InferenceShield.Posture.Guarded"/>.</value>
    public Posture Posture { get; set; } = Posture.Guarded;
}
