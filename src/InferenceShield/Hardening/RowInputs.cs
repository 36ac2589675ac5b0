using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>What a host knows of the inputs of a call's rows, for noise and marks that belong to them. The default is nothing.</summary>
internal readonly ref struct RowInputs
{
    private readonly ReadOnlySpan<InputCell> _cells;
    private readonly ReadOnlySpan<InputDigest> _digests;
    private readonly ReadOnlySpan<MarkInput> _marks;

    public RowInputs(ReadOnlySpan<InputCell> cells)
    {
        _cells = cells;
        Kind = NoiseCell.Input;
    }

    public RowInputs(ReadOnlySpan<InputDigest> digests)
    {
        _digests = digests;
        Kind = NoiseCell.ExactInput;
    }

    /// <param name="marks">For marks; cells, and digests unless there are others, for noise.</param>
    /// <param name="digests">For noise that belongs to exact inputs; as many, or none.</param>
    public RowInputs(ReadOnlySpan<MarkInput> marks, ReadOnlySpan<InputDigest> digests = default)
    {
        _marks = marks;
        _digests = digests;
        HasMarks = true;
    }

    /// <param name="context">The tokens before the one row of the call.</param>
    public RowInputs(ReadOnlySpan<int> context)
    {
        Context = context;
        HasContext = true;
    }

    /// <summary>The tokens before.</summary>
    public ReadOnlySpan<int> Context { get; }

    /// <summary>Whether <see cref="Context"/> is known, were it empty.</summary>
    public bool HasContext { get; }

    /// <summary>Digests for the list of marked queries, one a row; empty for none.</summary>
    public ReadOnlySpan<InputDigest> EvidenceDigests { get; init; }

    /// <summary>The rows' bytes for the list of marked queries, one after another; empty for none.</summary>
    public ReadOnlySpan<byte> EvidenceRows { get; init; }

    /// <summary>Takes what marks did to each row of the answer, for a host that releases several outputs together and then hands them to the list of marked
    /// queries; empty where the shield is to do so.</summary>
    public Span<MarkedRow> Marked { get; init; }

    /// <summary>Of what kind the inputs are; Output for none, and for those of marks, which serve every kind.</summary>
    public NoiseCell Kind { get; }

    /// <summary>Whether marks can be placed by them.</summary>
    public bool HasMarks { get; }

    public bool IsEmpty => Kind == NoiseCell.Output && !HasMarks;

    public int Count => HasMarks ? _marks.Length : Kind == NoiseCell.Input ? _cells.Length : _digests.Length;

    /// <summary>Whether noise of a kind can be drawn by them.</summary>
    public bool Serve(NoiseCell kind) => HasMarks || Kind == kind;

    /// <summary>What belongs to one of the answers to these inputs: several time steps of one input have words of their own.</summary>
    /// <param name="kind">Of the output's noise.</param>
    /// <param name="answer">0 to <paramref name="answers"/>.</param>
    /// <param name="answers">A multiple of the count.</param>
    public Hash128 Find(NoiseCell kind, int answer, int answers)
    {
        (int input, int step) = Math.DivRem(answer, answers / Count);
        return AtStep(
            Kind == NoiseCell.Input ? new Hash128(_cells[input].Bits, 0)
            : HasMarks && kind == NoiseCell.Input ? new Hash128(_marks[input].Cell.Bits, 0)
            : HasMarks && _digests.IsEmpty ? _marks[input].Exact
            : new Hash128(_digests[input].Low, _digests[input].High),
            step);
    }

    /// <summary>What marks know of one of the answers to these inputs: as for noise, each time step has digests of its own.</summary>
    public MarkInput FindMark(int answer, int answers)
    {
        (int input, int step) = Math.DivRem(answer, answers / Count);
        MarkInput mark = _marks[input];
        return mark with { Exact = AtStep(mark.Exact, step), Quantised = AtStep(mark.Quantised, step) };
    }

    /// <summary>An odd factor: no two steps of an input have the same.</summary>
    private static Hash128 AtStep(Hash128 word, int step) => word with { Low = word.Low + ((ulong)step * 0x9E37_79B9_7F4A_7C15) };
}
