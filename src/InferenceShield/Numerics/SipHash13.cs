#pragma warning disable RS0030 // Vector loads over a span, up to its length.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>SipHash-1-3 with 128-bit output: the keyed hash of callers' names.</summary>
/// <remarks>
/// SipHash with fewer rounds than <see cref="SipHash"/>: 11 instead of 18 for a name of 36 characters. Hash tables use it, those of
/// Rust and Python among them, where nobody who chooses names sees what they hash to. That is what it is used for here: a caller sees nothing of its key but how it is limited. No attack on it is known, but its margin is smaller,
/// so what is shown to callers or decides what they are answered uses SipHash-2-4 or AES. Not inlined, as there.
/// </remarks>
internal static class SipHash13
{
    /// <summary>Hashes any bytes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Hash128 Hash(SipHashKey key, ReadOnlySpan<byte> data) => new SipHashState<Rounds>(key).Hash(data);

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

        SipHashState<Rounds> state = new(key);
        ref short first = ref Unsafe.As<char, short>(ref MemoryMarshal.GetReference(text));
        Vector128<short> seen = Vector128<short>.Zero;
        ulong last = 0;
        if (text.Length >= sizeof(ulong))
        {
            ulong lastEight = Narrow(ref first, text.Length - sizeof(ulong), ref seen);
            last = SipHashState<Rounds>.Tail(lastEight, text.Length % sizeof(ulong));
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

    /// <summary>Eight characters as bytes, if they are ASCII: saturation, one instruction, leaves those as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Narrow(ref short first, int start, ref Vector128<short> seen)
    {
        Vector128<short> characters = Vector128.LoadUnsafe(ref first, (nuint)(uint)start);
        seen |= characters;
        return Vector128.NarrowWithSaturation(characters, characters).AsUInt64().ToScalar();
    }

    private readonly struct Rounds : ISipHashRounds
    {
        public static int PerWord => 1;

        public static int Last => 3;
    }
}
