namespace InferenceShield;

/// <summary>Where benign inputs lie: mean, principal directions and reach, learned by <c>calibrate</c>. What input-borne marks are placed in.</summary>
/// <remarks>No single input can be read from it. Immutable and thread-safe.</remarks>
public sealed class InputSpace
{
    internal InputSpace()
    {
    }

    /// <summary>Values in a row of input.</summary>
    public int InputLength { get; internal init; }
}
