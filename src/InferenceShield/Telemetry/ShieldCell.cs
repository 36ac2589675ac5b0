using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>One processor's share of what a shield counts, with the 256 bytes around it to itself.</summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct ShieldCell
{
    public const int SizeInBytes = 256;

    /// <summary>Calls within the limits, and calls refused.</summary>
    [FieldOffset(64)]
    public CallCounters Calls;

    /// <summary>Rows whose answers were released before. Those hardened anew are in <see cref="UtilityCell"/>.</summary>
    [FieldOffset(112)]
    public long ReleasedAgain;

    [FieldOffset(120)]
    public long TopChanged;

    [FieldOffset(128)]
    public long TableFull;

    /// <summary>Calls that observe-only mode let through.</summary>
    [FieldOffset(136)]
    public CallCounters WouldBeRefused;
}
