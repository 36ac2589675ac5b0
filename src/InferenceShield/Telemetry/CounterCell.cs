using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>One stripe of a <see cref="StripedCounter"/>: its value has the 128 bytes around it to itself.</summary>
/// <remarks>128, not 64: processors fetch lines in pairs, and some have lines of 128 bytes.</remarks>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct CounterCell
{
    public const int SizeInBytes = 128;

    [FieldOffset(SizeInBytes / 2)]
    public long Value;
}
