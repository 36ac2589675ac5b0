using System.Runtime.CompilerServices;

namespace InferenceShield.Numerics;

/// <summary>SipHash-2-4 with 128-bit output: a pseudorandom function for everything a caller chooses.</summary>
/// <remarks>
/// Aumasson and Bernstein, "SipHash: a fast short-input PRF" (INDOCRYPT 2012). Little-endian words, so results are
/// the same on every machine. No allocation, no table look-ups that depend on the key. Bound by the latency of its
/// rounds, about four cycles each: two for every 8 whole bytes, and ten. No entry point is inlined: inside a large
/// caller the state would be spilled to the stack, at twice the time.
/// </remarks>
internal static class SipHash
{
    /// <summary>Hashes any bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Hash128 Hash(SipHashKey key, ReadOnlySpan<byte> data) => new SipHashState<Rounds>(key).Hash(data);

    /// <summary>Hashes three words: the same as <see cref="Hash(SipHashKey, ReadOnlySpan{byte})"/> on their 24 bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Hash128 Hash(SipHashKey key, ulong first, ulong second, ulong third)
    {
        SipHashState<Rounds> state = new(key);
        state.Compress(first);
        state.Compress(second);
        state.Compress(third);
        state.Compress(24UL << 56);
        return state.Finish();
    }

    /// <summary>Whole words, one by one.</summary>
    public struct Stream(SipHashKey key)
    {
        private SipHashState<Rounds> _state = new(key);

        public void Add(ulong word) => _state.Compress(word);

        public Hash128 Finish() => _state.Finish();
    }

    private readonly struct Rounds : ISipHashRounds
    {
        public static int PerWord => 2;

        public static int Last => 4;
    }
}
