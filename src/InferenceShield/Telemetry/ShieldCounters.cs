using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>A shield's own counters, on cache lines of their own.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct ShieldCounters
{
    [FieldOffset(64)]
    public long Admitted;

    [FieldOffset(72)]
    public long Refused;

    [FieldOffset(80)]
    public long WouldBeRefused;

    [FieldOffset(88)]
    public long TableFull;

    [FieldOffset(128)]
    public long Hardened;

    [FieldOffset(136)]
    public long WouldBeHardened;

    [FieldOffset(144)]
    public long TopChanged;
}
