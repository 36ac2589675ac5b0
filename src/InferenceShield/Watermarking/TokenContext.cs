using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Tokens before, as what random bits of the next are a function of.</summary>
internal static class TokenContext
{
    /// <summary>The most tokens before.</summary>
    public const int Most = 8;

    /// <summary>A keyed hash of tokens in their order. Of one key always of as many.</summary>
    public static Hash128 Hash(SipHashKey key, ReadOnlySpan<int> tokens)
    {
        Hash128 hash = default;
        for (int i = 0; i < tokens.Length; i += 2)
        {
            hash = SipHash.Hash(key, hash.Low, hash.High, (uint)tokens[i] | (i + 1 < tokens.Length ? (ulong)(uint)tokens[i + 1] << 32 : 0));
        }

        return hash;
    }
}
