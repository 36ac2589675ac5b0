namespace InferenceShield;

/// <summary>What honest traffic as a whole looks like: for plain signals and for drift. Immutable, thread-safe.</summary>
internal sealed class PlainBaseline
{
    /// <summary>Share of each label in benign queries.</summary>
    public required float[] LabelShares { get; init; }

    /// <summary>Share of benign answers whose two leading labels are within .1.</summary>
    public required float BorderlineShare { get; init; }

    /// <summary>24: mean of v over honest callers (each counts once), and its standard deviation over callers.</summary>
    public required float[] VectorMean { get; init; }

    public required float[] VectorSpread { get; init; }
}
