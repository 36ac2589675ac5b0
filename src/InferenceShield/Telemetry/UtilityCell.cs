using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>One processor's share of a <see cref="UtilityLedger"/> under one posture, with the 384 bytes around it to itself.</summary>
/// <remarks>Every measured row raises <see cref="Begun"/> first and <see cref="Sampled"/> last: where a reader finds them equal before and
/// after, no row was half measured. In between words only grow. A row is counted before what is said of it.</remarks>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct UtilityCell
{
    public const int SizeInBytes = 384;

    [FieldOffset(64)]
    public long Begun;

    /// <summary>Rows released.</summary>
    [FieldOffset(72)]
    public long Rows;

    /// <summary>In units of <see cref="UtilityLedger.Unit"/>, as are the maximum, divergence and entropies.</summary>
    [FieldOffset(80)]
    public long Distance;

    [FieldOffset(88)]
    public long MaxDistance;

    [FieldOffset(96)]
    public long TopChanged;

    [FieldOffset(104)]
    public long Crossings0;

    [FieldOffset(112)]
    public long Crossings1;

    [FieldOffset(120)]
    public long Crossings2;

    [FieldOffset(128)]
    public long Crossings3;

    [FieldOffset(136)]
    public long Sampled;

    [FieldOffset(144)]
    public long Divergence;

    [FieldOffset(152)]
    public long CleanEntropy;

    [FieldOffset(160)]
    public long ReleasedEntropy;

    /// <summary>Numbers given to rows, for sampling. Not atomic: two rows may get one number.</summary>
    [FieldOffset(168)]
    public long Tickets;

    /// <summary>Rows that would have been released so, had the shield not only observed.</summary>
    [FieldOffset(176)]
    public long ObservedRows;

    /// <summary>Rows whose label a mark has moved.</summary>
    [FieldOffset(184)]
    public long LabelsMoved;

    /// <summary>Rows that carry a mark.</summary>
    [FieldOffset(192)]
    public MarkedRowCounts Marked;
}
