#pragma warning disable RS0030 // Vector loads over a span, up to its length.
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>SipHash-2-4 with 128-bit output: the keyed hash for everything a caller chooses.</summary>
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
    public static Hash128 Hash(SipHashKey key, ReadOnlySpan<byte> data)
    {
        State state = new(key);
        ReadOnlySpan<byte> rest = data;
        while (rest.Length >= sizeof(ulong))
        {
            state.Compress(BinaryPrimitives.ReadUInt64LittleEndian(rest));
            rest = rest[sizeof(ulong)..];
        }

        ulong last = 0;
        if (data.Length >= sizeof(ulong))
        {
            last = Tail(BinaryPrimitives.ReadUInt64LittleEndian(data[^sizeof(ulong)..]), rest.Length);
        }
        else
        {
            for (int i = 0; i < rest.Length; i++)
            {
                last |= (ulong)rest[i] << (8 * i);
            }
        }

        state.Compress(last | ((ulong)data.Length << 56));
        return state.Finish();
    }

    /// <summary>Hashes ASCII text as its bytes, with no copy.</summary>
    /// <remarks>If <paramref name="isAscii"/> is false, there is another character and the hash means nothing. The hash is
    /// what is returned, and not the flag, because that keeps it in registers.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Hash128 HashAscii(SipHashKey key, ReadOnlySpan<char> text, out bool isAscii)
    {
        if (!BitConverter.IsLittleEndian)
        {
            // The words below would come out reversed.
            isAscii = false;
            return default;
        }

        State state = new(key);
        ref short first = ref Unsafe.As<char, short>(ref MemoryMarshal.GetReference(text));
        Vector128<short> seen = Vector128<short>.Zero;
        ulong last = 0;
        if (text.Length >= sizeof(ulong))
        {
            ulong lastEight = Narrow(ref first, text.Length - sizeof(ulong), ref seen);
            last = Tail(lastEight, text.Length % sizeof(ulong));
            for (int start = 0; start <= text.Length - sizeof(ulong); start += sizeof(ulong))
            {
                state.Compress(Narrow(ref first, start, ref seen));
            }
        }
        else
        {
            int any = 0;
            for (int i = 0; i < text.Length; i++)
            {
                any |= text[i];
                last |= (ulong)text[i] << (8 * i);
            }

            seen = Vector128.CreateScalar((short)any);
        }

        state.Compress(last | ((ulong)text.Length << 56));
        isAscii = (seen & Vector128.Create(unchecked((short)0xff80))) == Vector128<short>.Zero;
        return state.Finish();
    }

    /// <summary>Hashes three words: the same as <see cref="Hash(SipHashKey, ReadOnlySpan{byte})"/> on their 24 bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Hash128 Hash(SipHashKey key, ulong first, ulong second, ulong third)
    {
        State state = new(key);
        state.Compress(first);
        state.Compress(second);
        state.Compress(third);
        state.Compress(24UL << 56);
        return state.Finish();
    }

    /// <summary>Of the last eight bytes, the <paramref name="count"/> last (0 to 7), first byte lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Tail(ulong lastEight, int count) => lastEight >> (56 - (8 * count)) >> 8;

    /// <summary>Eight characters as bytes, if they are ASCII: saturation, one instruction, leaves those as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Narrow(ref short first, int start, ref Vector128<short> seen)
    {
        Vector128<short> characters = Vector128.LoadUnsafe(ref first, (nuint)(uint)start);
        seen |= characters;
        return Vector128.NarrowWithSaturation(characters, characters).AsUInt64().ToScalar();
    }

    private struct State
    {
        private ulong _v0;
        private ulong _v1;
        private ulong _v2;
        private ulong _v3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
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

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
