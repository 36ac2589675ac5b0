using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>What marks need of one input row: hashes and projections, from which the row cannot be read.</summary>
/// <remarks>Made by <see cref="Shield.ReadMarkInput"/>. Compare with nothing but itself: keyed.</remarks>
public readonly record struct MarkInput
{
    /// <summary>Keyed digest of the row as it is.</summary>
    internal Hash128 Exact { get; init; }

    /// <summary>Keyed digest of the row with its values rounded; for triggers.</summary>
    internal Hash128 Quantised { get; init; }

    /// <summary>Along the cosine mark's key vector, in standard deviations of benign inputs.</summary>
    internal double Projection { get; init; }

    /// <summary>Along the key vector of the cosine mark's payload, likewise.</summary>
    internal double PayloadProjection { get; init; }

    /// <summary>The trap that the row lies in; 0 for none, else one more than its number.</summary>
    internal int Trap { get; init; }

    /// <summary>For noise that belongs to inputs, where an output has some.</summary>
    public InputCell Cell { get; init; }
}
