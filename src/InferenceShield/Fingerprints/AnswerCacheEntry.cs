using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>What an <see cref="AnswerCache"/> knows of one answer, besides the answer.</summary>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
internal struct AnswerCacheEntry
{
    public const int SizeInBytes = 64;

    /// <summary>Odd while the entry and its answer are being written; 2 more after each time.</summary>
    public long Version;

    public AnswerKey Key;

    /// <summary>Numbers in the answer; 0 for an empty entry.</summary>
    public int Length;

    /// <summary>1 if the answer was used since the clock's hand last passed.</summary>
    public int Referenced;
}
