namespace InferenceShield;

/// <summary>How a query is measured: learned of benign inputs and the model's answers to them, under a secret. Immutable, thread-safe.</summary>
public sealed class DetectionProfile
{
    private DetectionProfile()
    {
    }

    /// <summary>Numbers in a row of input; 0 where inputs are not seen.</summary>
    public int InputLength { get; }

    /// <summary>Classes of the model's answer.</summary>
    public int Classes { get; }

    /// <summary>What the answers are.</summary>
    public OutputKind OutputKind { get; }

    /// <summary>What the inputs are.</summary>
    public InputKind InputKind { get; }

    /// <summary>Tells profiles apart: a hash of all that is learned and of the key's id. Goes into logs and calibrations.</summary>
    internal ulong Id { get; }

    /// <summary>Learns. Rows of input and of clean scores belong together; inputs may be empty (inputLength 0).</summary>
    public static DetectionProfile Learn(
        ShieldSecret secret, string model, InputKind inputKind, OutputKind outputKind, ReadOnlySpan<float> inputs, int inputLength, ReadOnlySpan<float> scores, int classes) =>
        throw new NotImplementedException();

    /// <summary>Measures one query. One pass; no allocation.</summary>
    /// <param name="input">One row, or empty.</param>
    /// <param name="scores">Its clean scores.</param>
    /// <param name="exact">A keyed digest of the exact input.</param>
    /// <param name="signals">Gets what was measured.</param>
    internal void Measure(ReadOnlySpan<float> input, ReadOnlySpan<float> scores, ulong exact, ref QuerySignals signals) =>
        throw new NotImplementedException();

    internal void Write(BinaryWriter writer) => throw new NotImplementedException();

    internal static DetectionProfile Read(BinaryReader reader, DetectionKey key) => throw new NotImplementedException();
}
