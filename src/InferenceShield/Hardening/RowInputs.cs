using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>What a host knows of the inputs of a call's rows, for noise that belongs to them. The default is nothing.</summary>
internal readonly ref struct RowInputs
{
    private readonly ReadOnlySpan<InputCell> _cells;
    private readonly ReadOnlySpan<InputDigest> _digests;

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

    /// <summary>What is known; Output for nothing.</summary>
    public NoiseCell Kind { get; }

    public int Count => Kind == NoiseCell.Input ? _cells.Length : _digests.Length;

    /// <summary>What belongs to one of the answers to these inputs: several time steps of one input have words of their own.</summary>
    /// <param name="answer">0 to <paramref name="answers"/>.</param>
    /// <param name="answers">A multiple of the count.</param>
    public Hash128 Find(int answer, int answers)
    {
        (int input, int step) = Math.DivRem(answer, answers / Count);
        Hash128 word = Kind == NoiseCell.Input ? new Hash128(_cells[input].Bits, 0) : new Hash128(_digests[input].Low, _digests[input].High);
        return word with { Low = word.Low + ((ulong)step * 0x9E37_79B9_7F4A_7C15) }; // odd: no two steps of an input have the same
    }
}
