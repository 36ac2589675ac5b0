namespace InferenceShield;

/// <summary>The bands of one output in one posture: learned ones, or edges from which they are made for any number of classes.</summary>
/// <remarks>The number of classes of an output shows when its first row is hardened, unless the options declare it. Thread-safe.</remarks>
internal sealed class BandSource : IEquatable<BandSource>
{
    /// <summary>More numbers of classes than a model has; rows beyond them are answered alike, and slower.</summary>
    private const int MostKept = 32;

    private readonly double[]? _edges;
    private volatile ConfidenceBands? _latest;
    private volatile ConfidenceBands[] _kept = [];

    public BandSource(ConfidenceBands learned) => _latest = learned;

    public BandSource(IReadOnlyList<double> edges) => _edges = [.. edges];

    /// <summary>The bands for rows of so many classes. Allocates when it sees a number for the first time.</summary>
    /// <param name="classes">For learned ones, theirs.</param>
    public ConfidenceBands For(int classes)
    {
        ConfidenceBands? latest = _latest;
        return latest is not null && latest.Classes == classes ? latest : Find(classes);
    }

    public bool Equals(BandSource? other) =>
        other is not null && (_edges is null ? ReferenceEquals(_latest, other._latest) : other._edges is not null && _edges.AsSpan().SequenceEqual(other._edges));

    public override bool Equals(object? obj) => Equals(obj as BandSource);

    public override int GetHashCode() => _edges?.Length ?? -1;

    private ConfidenceBands Find(int classes)
    {
        if (_edges is null)
        {
            throw new ArgumentOutOfRangeException(nameof(classes), classes, "The bands were learned for another number of classes.");
        }

        foreach (ConfidenceBands known in _kept)
        {
            if (known.Classes == classes)
            {
                return _latest = known;
            }
        }

        ConfidenceBands made = ConfidenceBands.FromEdges(classes, _edges.AsSpan(CountEmpty(_edges, classes)));
        ConfidenceBands[] kept = _kept;
        if (kept.Length < MostKept)
        {
            _kept = [.. kept, made]; // two threads may lose one of theirs, which is made again
            _latest = made;
        }

        return made;
    }

    /// <summary>Edges so little above 1/classes that no number lies below them, and next to no confidence.</summary>
    private static int CountEmpty(double[] edges, int classes)
    {
        int empty = 0;
        while (empty < edges.Length && BandLimits.Of([ReleaseGrid.Round(edges[empty])], 0, classes, runnerUp: true).IsEmpty)
        {
            empty++;
        }

        return empty;
    }
}
