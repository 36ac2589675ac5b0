using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace InferenceShield.Numerics;

/// <summary>The secrets of a window hash: H(s_1..s_w) = Mix(s_1 B^(w-1) + ... + s_w mod 2^64).</summary>
/// <remarks>
/// <para>Where w symbols fit into 64 bits, B is a power of two and the sum is the window itself, written out: no two
/// windows share it, so there is no collision to be found. Elsewhere symbols are first replaced by
/// <see cref="Symbol"/>, a keyed permutation, and B is a secret odd number. Strings that collide for every odd B are
/// known (Thue-Morse), but need 1,024 symbols; windows have 256 at most, where that construction is left with a chance of
/// 2^-20. And a collision makes inputs look alike, which is not what an attacker wants.</para>
/// <para><see cref="Mix"/> permutes the 64-bit words (xor, odd multiplications and xor-shifts are invertible), so it
/// adds no collisions either; its 190 secret bits decide which windows come out largest. It is no proven PRF. What it
/// has to stop is that somebody writes windows into an input that will be selected, or will not be, without ever
/// seeing a hash or the outcome of a comparison; whoever shows matches to callers gives that away.</para>
/// </remarks>
internal readonly struct WindowHashKey
{
    public const int SizeInBytes = 48;

    /// <param name="key"><see cref="SizeInBytes"/> secret bytes.</param>
    /// <param name="symbolBits">Bits of a symbol: 1 to 64.</param>
    /// <param name="window">Symbols in a window.</param>
    public WindowHashKey(ReadOnlySpan<byte> key, int symbolBits, int window)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, SizeInBytes, nameof(key));
        Whitening = BinaryPrimitives.ReadUInt64LittleEndian(key);
        First = BinaryPrimitives.ReadUInt64LittleEndian(key[8..]) | 1;
        Second = BinaryPrimitives.ReadUInt64LittleEndian(key[16..]) | 1;
        SymbolWhitening = BinaryPrimitives.ReadUInt64LittleEndian(key[24..]);
        SymbolFactor = BinaryPrimitives.ReadUInt64LittleEndian(key[32..]) | 1;
        IsWrittenOut = symbolBits * window <= 64;

        // 5 modulo 8: powers of the base then run through 2^62 values before they repeat.
        Base = IsWrittenOut ? 1UL << symbolBits : (BinaryPrimitives.ReadUInt64LittleEndian(key[40..]) & ~7UL) | 5;
    }

    public ulong Whitening { get; }

    public ulong First { get; }

    public ulong Second { get; }

    public ulong SymbolWhitening { get; }

    public ulong SymbolFactor { get; }

    /// <summary>B.</summary>
    public ulong Base { get; }

    /// <summary>Whether a window's sum is the window itself.</summary>
    public bool IsWrittenOut { get; }

    /// <summary>The keyed permutation of sums. Its leading bits are the good ones: they decide which are largest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Mix(ulong sum)
    {
        sum = (sum ^ Whitening) * First;
        return (sum ^ (sum >> 32)) * Second;
    }

    /// <summary>The keyed permutation of symbols, where windows are not written out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Symbol(ulong value)
    {
        value = (value ^ SymbolWhitening) * SymbolFactor;
        return value ^ (value >> 32);
    }

    /// <summary>Says nothing about the key.</summary>
    public override string ToString() => "WindowHashKey";
}
