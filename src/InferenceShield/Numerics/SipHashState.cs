using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceShield.Numerics;

/// <summary>The four words of SipHash with 128-bit output.</summary>
/// <typeparam name="TRounds">How many rounds; constants to the compiler.</typeparam>
internal struct SipHashState<TRounds>
    where TRounds : struct, ISipHashRounds
{
    private ulong _v0;
    private ulong _v1;
    private ulong _v2;
    private ulong _v3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SipHashState(SipHashKey key)
    {
        _v0 = key.First ^ 0x736f6d6570736575;
        _v1 = key.Second ^ 0x646f72616e646f6d ^ 0xee; // 0xee selects 128-bit output
        _v2 = key.First ^ 0x6c7967656e657261;
        _v3 = key.Second ^ 0x7465646279746573;
    }

    /// <summary>Takes in a whole message and finishes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Hash128 Hash(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> rest = data;
        while (rest.Length >= sizeof(ulong))
        {
            Compress(BinaryPrimitives.ReadUInt64LittleEndian(rest));
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

        Compress(last | ((ulong)data.Length << 56));
        return Finish();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Compress(ulong word)
    {
        _v3 ^= word;
        Rounds(TRounds.PerWord);
        _v0 ^= word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Hash128 Finish()
    {
        _v2 ^= 0xee;
        Rounds(TRounds.Last);
        ulong low = _v0 ^ _v1 ^ _v2 ^ _v3;
        _v1 ^= 0xdd;
        Rounds(TRounds.Last);
        return new Hash128(low, _v0 ^ _v1 ^ _v2 ^ _v3);
    }

    /// <summary>Of the last eight bytes, the <paramref name="count"/> last (0 to 7), first byte lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Tail(ulong lastEight, int count) => lastEight >> (56 - (8 * count)) >> 8;

    /// <summary>One to four rounds. Not a loop, so that a constant number leaves nothing else.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Rounds(int count)
    {
        Round();
        if (count > 1)
        {
            Round();
        }

        if (count > 2)
        {
            Round();
        }

        if (count > 3)
        {
            Round();
        }
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
