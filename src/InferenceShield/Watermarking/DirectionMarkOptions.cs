namespace InferenceShield;

/// <summary>Keyed directions in embeddings.</summary>
public sealed class DirectionMarkOptions
{
    /// <summary>The largest angle's cosine budget: the cosine of marked and unmarked vector is at least 1 less this.</summary>
    /// <value>.0001 to .1; the default is .005.</value>
    public double CosineBudget { get; set; } = 0.005;

    /// <summary>How many directions.</summary>
    /// <value>1 to 16; the default is 4.</value>
    public int Directions { get; set; } = 4;

    internal DirectionMarkOptions Clone() => (DirectionMarkOptions)MemberwiseClone();
}
