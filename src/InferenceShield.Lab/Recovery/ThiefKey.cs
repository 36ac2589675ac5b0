namespace InferenceShield.Lab;

/// <summary>The key under which a thief runs the defender's algorithm. The defender's follows from the same seed and is another.</summary>
internal static class ThiefKey
{
    public static ulong Of(ulong seed) => new SeededRandom(seed, stream: 12).NextUInt64();
}
