namespace InferenceShield.Tests;

/// <summary>Mark keys for tests.</summary>
internal static class MarkKeys
{
    /// <summary>A key that follows from a number.</summary>
    public static MarkKey Make(int seed)
    {
        byte[] bytes = new byte[MarkKey.Size];
        new Random(seed).NextBytes(bytes);
        return MarkKey.Import(bytes, "test", "model");
    }
}
