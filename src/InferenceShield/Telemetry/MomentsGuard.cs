using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>Who may write one stripe of a <see cref="DecayedMoments"/>, and which of its two copies is valid.</summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct MomentsGuard
{
    public const int SizeInBytes = 128;

    /// <summary>1 while a thread writes, else 0.</summary>
    [FieldOffset(64)]
    public int Busy;

    /// <summary>The number of updates; its lowest bit is the index of the valid copy.</summary>
    [FieldOffset(72)]
    public long Version;
}
