using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>What the shield keeps of one caller: 64 bytes, changed only by atomic operations on single words.</summary>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
internal struct CallerRecord
{
    public const int SizeInBytes = 64;

    /// <summary>First half of the key; 0 while the record is free. Written once, by the thread that claims it.</summary>
    public ulong KeyLow;

    /// <summary>Second half of the key; 0 until published. Written once, by whoever gets there first.</summary>
    public ulong KeyHigh;

    /// <summary>GCRA state: theoretical arrival time in nanoseconds of the shield's clock.</summary>
    public long TheoreticalArrival;

    /// <summary>Queries admitted.</summary>
    public long Admitted;

    /// <summary>Queries refused, or in observe-only mode that would have been.</summary>
    public long Refused;

    /// <summary>Queries equal to the caller's query just before.</summary>
    public long Repeated;

    /// <summary>First half of the digest of the caller's latest query.</summary>
    public ulong LatestDigest;
}
