using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>One marked query of the list.</summary>
public readonly record struct EvidenceRecord
{
    /// <summary>When it was admitted, to a millisecond.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>Who asked: what <see cref="Shield.IdentifyCaller(string)"/> makes of the name.</summary>
    public CallerKey Caller { get; init; }

    /// <summary>How the caller was treated, which says by which margin.</summary>
    public Posture Posture { get; init; }

    /// <summary>The output's index: see <see cref="Shield.GetOutputIndex"/>.</summary>
    public int Output { get; init; }

    /// <summary>The marks that the answer carries.</summary>
    public MarkKinds Kinds { get; init; }

    /// <summary>The clean leading label; -1 where there is none.</summary>
    public int Clean { get; init; }

    /// <summary>The released leading label; -1 where there is none.</summary>
    public int Released { get; init; }

    /// <summary>The other label of a near tie, or the trap's number; else -1.</summary>
    public int Other { get; init; }

    /// <summary>What <see cref="Digest"/> was made by.</summary>
    public EvidenceDigestKind DigestKind { get; init; }

    /// <summary>Keyed digest of the input.</summary>
    public InputDigest Digest { get; init; }

    /// <summary>The bytes of the input as the model got it, in the machine's order; empty if it was not kept.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>The input as 32-bit floats, where the model's only input is of such.</summary>
    /// <exception cref="InvalidOperationException">It was not kept, or is not a whole number of floats.</exception>
    public float[] ReadInput() => !Input.IsEmpty && Input.Length % sizeof(float) == 0
        ? FloatCanonical.Bits<float>(Input.Span).ToArray()
        : throw new InvalidOperationException(Input.IsEmpty
            ? "The input was not kept. Set Evidence:KeepInputs, or find it in a log of your own with EvidenceReader.Match."
            : $"The input has {Input.Length} bytes, which are not 32-bit floats.");
}
