namespace InferenceShield.Lab;

/// <summary>What the callers of <see cref="HonestTraffic"/> are like.</summary>
public sealed record HonestTrafficOptions
{
    /// <summary>Pixels along each side where rows are square grey images of 0 to 1; null for tables. Default: null.</summary>
    /// <value>At least 4; its square is the width of a row.</value>
    public int? ImageSide { get; init; }

    /// <summary>Queries of the shortest life, at least 1. Default: 200.</summary>
    public int FewestQueries { get; init; } = 200;

    /// <summary>Queries of the longest life, at least those of the shortest. Default: 5,000.</summary>
    public int MostQueries { get; init; } = 5_000;

    /// <summary>
    /// Whether every caller's inputs are changed in a way that no other traffic has: to see what a calibration says to honest callers of
    /// a kind it never saw. Default: false.
    /// </summary>
    public bool IsShifted { get; init; }

    /// <exception cref="ArgumentException">An option is out of its range or does not fit the rows.</exception>
    internal void Validate(Dataset rows)
    {
        if (FewestQueries < 1 || MostQueries < FewestQueries)
        {
            throw new ArgumentException($"HonestTrafficOptions.{nameof(FewestQueries)} is {FewestQueries} and {nameof(MostQueries)} {MostQueries}; they must be at least 1 and in order.");
        }

        if (ImageSide is { } side && (side < 4 || side * side != rows.Width))
        {
            throw new ArgumentException($"HonestTrafficOptions.{nameof(ImageSide)} is {side}; rows of '{rows.Name}' have {rows.Width} values. Give the side of square images, at least 4, or null for tables.");
        }
    }
}
