using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceShield.Numerics;

/// <summary>SipHash-2-4 with 128-bit output: the keyed hash for everything a caller chooses.</summary>
/// <remarks>
/// Aumasson and Bernstein, "SipHash: a fast short-input PRF" (INDOCRYPT 2012). Little-endian words, so results are
/// the same on every machine. No allocation, no table look-ups that depend on the key.
/// </remarks>
internal static class SipHash
{
    /// <summary>Hashes any bytes.</summary>
    public static Hash128 Hash(SipHashKey key, ReadOnlySpan<byte> data)
    {
        State state = new(key);
        int length = data.Length;
        while (data.Length >= sizeof(ulong))
        {
            state.Compress(BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        ulong last = (ulong)length << 56;
        for (int i = 0; i < data.Length; i++)
        {
            last |= (ulong)data[i] << (8 * i);
        }

        state.Compress(last);
        return state.Finish();
    }

    /// <summary>Hashes three words: the same as <see cref="Hash(SipHashKey, ReadOnlySpan{byte})"/> on their 24 bytes.</summary>
    public static Hash128 Hash(SipHashKey key, ulong first, ulong second, ulong third)
    {
        State state = new(key);
        state.Compress(first);
        state.Compress(second);
        state.Compress(third);
        state.Compress(24UL << 56);
        return state.Finish();
    }

    private struct State
    {
        private ulong _v0;
        private ulong _v1;
        private ulong _v2;
        private ulong _v3;

        public State(SipHashKey key)
        {
            _v0 = key.First ^ 0x736f6d6570736575;
            _v1 = key.Second ^ 0x646f72616e646f6d ^ 0xee; // 0xee selects 128-bit output
            _v2 = key.First ^ 0x6c7967656e657261;
            _v3 = key.Second ^ 0x7465646279746573;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Compress(ulong word)
        {
            _v3 ^= word;
            Round();
            Round();
            _v0 ^= word;
        }

        public Hash128 Finish()
        {
            _v2 ^= 0xee;
            Round();
            Round();
            Round();
            Round();
            ulong low = _v0 ^ _v1 ^ _v2 ^ _v3;
            _v1 ^= 0xdd;
            Round();
            Round();
            Round();
            Round();
            return new Hash128(low, _v0 ^ _v1 ^ _v2 ^ _v3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Round()
        {
            _v0 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
            _v0 = BitOperations.RotateLeft(_v0, 32);
            _v2 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
            _v0 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
            _v2 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
            _v2 = BitOperations.RotateLeft(_v2, 32);
        }
    }
}
