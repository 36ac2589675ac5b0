using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The marks of one key that live in inputs, prepared once for a plan. Immutable and thread-safe.</summary>
internal sealed class InputMarks
{
    private readonly InputSpace _space;
    private readonly SipHashKey _payloads;

    /// <param name="key">The shield's, or any for random-key p-values.</param>
    /// <param name="space">Of benign inputs.</param>
    /// <param name="cosine">Whether the cosine mark is read.</param>
    /// <param name="payload">Whether its payload is, too.</param>
    /// <param name="traps">Whether traps are.</param>
    public InputMarks(MarkKey key, InputSpace space, bool cosine = true, bool payload = false, bool traps = true)
    {
        _space = space;
        Cosine = cosine ? new CosineMark(key, space) : null;
        Payload = payload ? CosineMark.Payload(key, space) : null;
        Traps = traps ? new TrapMark(key, space) : null;
        Span<byte> bytes = stackalloc byte[SipHashKey.Size];
        key.Derive("cosine-payload/callers", bytes);
        _payloads = new SipHashKey(bytes);
    }

    public InputSpace Space => _space;

    public CosineMark? Cosine { get; }

    public CosineMark? Payload { get; }

    public TrapMark? Traps { get; }

    /// <summary>Reads one row. No allocation after a thread's first call.</summary>
    /// <param name="input">As the model gets it.</param>
    /// <param name="mark">What is known of the row already; the result has the rest.</param>
    /// <exception cref="ArgumentException">The row is not as long as those of the space.</exception>
    public MarkInput Read(ReadOnlySpan<float> input, in MarkInput mark)
    {
        ReadOnlySpan<float> row = _space.Fold(input);
        return mark with
        {
            Projection = Cosine?.ProjectFolded(row) ?? 0,
            PayloadProjection = Payload?.ProjectFolded(row) ?? 0,
            Trap = Traps?.FindFolded(row) ?? 0,
        };
    }

    /// <summary>Reads one row: where it lies along the cosine mark's vector, and its trap, 0 for none.</summary>
    public (double Projection, int Trap) Read(ReadOnlySpan<float> input)
    {
        MarkInput mark = Read(input, default);
        return (mark.Projection, mark.Trap);
    }

    /// <summary>A caller's phase in the payload: 0 to 2 pi.</summary>
    public double PayloadPhase(CallerKey caller) =>
        SipHash.Hash(_payloads, caller.Low, caller.High, 0).Low * (2 * Math.PI / 18446744073709551616.0);

    /// <summary>What a plan needs: null where no posture of any output has marks that live in inputs.</summary>
    /// <param name="key">The shield's.</param>
    /// <param name="space">Null if there is no file.</param>
    /// <param name="marks">Of all outputs and postures.</param>
    public static InputMarks? Of(MarkKey? key, InputSpace? space, IReadOnlyCollection<WatermarkOptions> marks)
    {
        bool cosine = marks.Any(mark => mark.Cosine is not null);
        bool traps = marks.Any(mark => mark.Traps is not null);
        return key is null || space is null || !(cosine || traps)
            ? null
            : new InputMarks(key, space, cosine, marks.Any(mark => mark.Cosine is { Payload: true }), traps);
    }
}
