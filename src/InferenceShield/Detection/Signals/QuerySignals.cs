using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>What was measured of one query: all that detection keeps of it. Holds no input and no answer.</summary>
internal struct QuerySignals
{
    /// <summary>How many <see cref="SignalScalar"/>s there are.</summary>
    public const int ScalarCount = 12;

    /// <summary>Of which so many, the first, are of the answer.</summary>
    public const int OutputScalarCount = 5;

    /// <summary>A scalar each and its square: what is averaged over a caller's queries.</summary>
    public const int VectorLength = 2 * ScalarCount;

    /// <summary>The <see cref="SignalScalar"/>s, as measured.</summary>
    public ScalarValues Scalars;

    /// <summary>64 keyed projections of the input, one bit each; 0 where inputs are not seen.</summary>
    public ulong SimHash;

    /// <summary>A keyed digest of the exact input; 0 where inputs are not seen.</summary>
    public ulong Exact;

    /// <summary>The leading label of the clean answer; 0 where there are no labels.</summary>
    public int Label;

    /// <summary>The second label; equal to <see cref="Label"/> where there is none.</summary>
    public int Second;

    /// <summary>The clean confidence of the label, 0 to 1; NaN where there is none.</summary>
    public float Confidence;

    /// <summary>Four keyed projections of the input, in units of their spread over benign inputs: to see sweeps.</summary>
    public SweepPosition Position;

    [InlineArray(ScalarCount)]
    public struct ScalarValues
    {
        private float _first;
    }

    [InlineArray(4)]
    public struct SweepPosition
    {
        private float _first;
    }
}
