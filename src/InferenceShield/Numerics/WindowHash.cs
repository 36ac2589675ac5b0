#pragma warning disable RS0030 // Vector loads over spans; every entry point checks lengths first.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Hashes every window of a run of symbols: <see cref="WindowHashKey"/> says what the hash is.</summary>
/// <remarks>
/// Two ways to the same words. <see cref="HashRolling"/> rolls any window along, one at a time. <see cref="HashTwenty"/>
/// is for windows of twenty 3-bit symbols, which all windows of a block build at once by doubling: 2, 4, 8, then 8 + 8 + 4
/// symbols, in lanes that widen from bytes to 64 bits as the words fill up, then the same two multiplications for
/// eight windows at a time.
/// </remarks>
internal static class WindowHash
{
    /// <summary>The most windows of one block.</summary>
    public const int BlockSize = 512;

    /// <summary>The window of <see cref="HashTwenty"/>.</summary>
    public const int Twenty = 20;

    /// <summary>Bits of a symbol of <see cref="HashTwenty"/>.</summary>
    public const int TwentySymbolBits = 3;

    /// <summary>Length of a buffer of symbols: a block's windows reach beyond it, and vectors beyond those.</summary>
    public const int SymbolsLength = BlockSize + 128;

    /// <summary>Length of a buffer of hashes: whole vectors are written.</summary>
    public const int HashesLength = BlockSize + 32;

    /// <summary>Length of the buffer of partial windows.</summary>
    public const int PartialLength = BlockSize + 64;

    public static bool IsTwentyAccelerated => Vector256.IsHardwareAccelerated;

    /// <summary>Hashes windows 0 to <paramref name="count"/> - 1 of a run of symbols.</summary>
    /// <param name="key">The secrets.</param>
    /// <param name="symbols">At least <paramref name="count"/> + <paramref name="window"/> - 1 of them.</param>
    /// <param name="window">Symbols in a window, at least 1.</param>
    /// <param name="hashes">Takes <paramref name="count"/> hashes.</param>
    /// <param name="count">Windows.</param>
    public static void HashRolling(in WindowHashKey key, ReadOnlySpan<ulong> symbols, int window, Span<ulong> hashes, int count)
    {
        symbols = symbols[..(count + window - 1)];
        ulong factor = key.Base;
        ulong leaving = 1;
        ulong sum = 0;
        for (int i = 0; i < window - 1; i++)
        {
            sum = (sum * factor) + symbols[i];
            leaving *= factor;
        }

        for (int i = 0; i < count; i++)
        {
            sum = (sum * factor) + symbols[i + window - 1];
            hashes[i] = key.Mix(sum);
            sum -= symbols[i] * leaving;
        }
    }

    /// <summary>The same for windows of twenty symbols below 8, held in bytes.</summary>
    /// <param name="key">The secrets, for written-out windows of 3-bit symbols.</param>
    /// <param name="symbols"><see cref="SymbolsLength"/> bytes below 8; <paramref name="count"/> + 19 of them are meant.</param>
    /// <param name="partial">Working memory: <see cref="PartialLength"/> words of each kind.</param>
    /// <param name="hashes">Takes <paramref name="count"/> hashes, and scribbles up to <see cref="HashesLength"/>.</param>
    /// <param name="count">Windows: 1 to <see cref="BlockSize"/>.</param>
    public static void HashTwenty(in WindowHashKey key, ReadOnlySpan<byte> symbols, in PartialWindows partial, Span<ulong> hashes, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(symbols.Length, SymbolsLength, nameof(symbols));
        ArgumentOutOfRangeException.ThrowIfLessThan(hashes.Length, HashesLength, nameof(hashes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)BlockSize, nameof(count));
        ref byte s = ref MemoryMarshal.GetReference(symbols);
        ref ulong h = ref MemoryMarshal.GetReference(hashes);
        if (Vector512.IsHardwareAccelerated)
        {
            ref ushort fours = ref MemoryMarshal.GetReference(partial.Fours);
            ref uint eights = ref MemoryMarshal.GetReference(partial.Eights);
            Double512(ref s, ref fours, ref eights, (nuint)(uint)count);
            Finish512(in key, ref fours, ref eights, ref h, (nuint)(uint)count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            ref ushort fours = ref MemoryMarshal.GetReference(partial.Fours);
            ref uint eights = ref MemoryMarshal.GetReference(partial.Eights);
            Double256(ref s, ref fours, ref eights, (nuint)(uint)count);
            Finish256(in key, ref fours, ref eights, ref h, (nuint)(uint)count);
        }
        else
        {
            HashTwentyScalar(in key, symbols, hashes, count);
        }
    }

    /// <summary>The portable twin of <see cref="HashTwenty"/>.</summary>
    public static void HashTwentyScalar(in WindowHashKey key, ReadOnlySpan<byte> symbols, Span<ulong> hashes, int count)
    {
        const ulong Sixty = (1UL << (Twenty * TwentySymbolBits)) - 1;
        ulong sum = 0;
        for (int i = 0; i < Twenty - 1; i++)
        {
            sum = (sum << TwentySymbolBits) | symbols[i];
        }

        symbols = symbols.Slice(Twenty - 1, count);
        hashes = hashes[..symbols.Length];
        for (int i = 0; i < symbols.Length; i++)
        {
            sum = ((sum << TwentySymbolBits) | symbols[i]) & Sixty;
            hashes[i] = key.Mix(sum);
        }
    }

    /// <summary>Twelve bits hold four symbols, 24 hold eight. No shift crosses a lane: each holds less than it could.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Double512(ref byte s, ref ushort fours, ref uint eights, nuint count)
    {
        for (nuint i = 0; i < count + 16; i += 64)
        {
            Vector512<byte> a = (Vector512.LoadUnsafe(ref s, i).AsUInt16() << 3).AsByte() | Vector512.LoadUnsafe(ref s, i + 1);
            Vector512<byte> b = (Vector512.LoadUnsafe(ref s, i + 2).AsUInt16() << 3).AsByte() | Vector512.LoadUnsafe(ref s, i + 3);
            ((Vector512.WidenLower(a) << 6) | Vector512.WidenLower(b)).StoreUnsafe(ref fours, i);
            ((Vector512.WidenUpper(a) << 6) | Vector512.WidenUpper(b)).StoreUnsafe(ref fours, i + 32);
        }

        for (nuint i = 0; i < count + 8; i += 32)
        {
            Vector512<ushort> a = Vector512.LoadUnsafe(ref fours, i);
            Vector512<ushort> b = Vector512.LoadUnsafe(ref fours, i + 4);
            ((Vector512.WidenLower(a) << 12) | Vector512.WidenLower(b)).StoreUnsafe(ref eights, i);
            ((Vector512.WidenUpper(a) << 12) | Vector512.WidenUpper(b)).StoreUnsafe(ref eights, i + 16);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Finish512(in WindowHashKey key, ref ushort fours, ref uint eights, ref ulong hashes, nuint count)
    {
        Vector512<ulong> whitening = Vector512.Create(key.Whitening);
        Vector512<ulong> first = Vector512.Create(key.First);
        Vector512<ulong> second = Vector512.Create(key.Second);
        for (nuint i = 0; i < count; i += 16)
        {
            Vector512<uint> a = Vector512.LoadUnsafe(ref eights, i);
            Vector512<uint> b = Vector512.LoadUnsafe(ref eights, i + 8);
            Vector512<uint> c = Vector512.WidenLower(Vector512.Create(Vector256.LoadUnsafe(ref fours, i + 16), default));
            Vector512<ulong> low = (Vector512.WidenLower(a) << 36) | (Vector512.WidenLower(b) << 12) | Vector512.WidenLower(c);
            Vector512<ulong> high = (Vector512.WidenUpper(a) << 36) | (Vector512.WidenUpper(b) << 12) | Vector512.WidenUpper(c);
            low = (low ^ whitening) * first;
            high = (high ^ whitening) * first;
            low = (low ^ (low >> 32)) * second;
            high = (high ^ (high >> 32)) * second;
            low.StoreUnsafe(ref hashes, i);
            high.StoreUnsafe(ref hashes, i + 8);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Double256(ref byte s, ref ushort fours, ref uint eights, nuint count)
    {
        for (nuint i = 0; i < count + 16; i += 32)
        {
            Vector256<byte> a = (Vector256.LoadUnsafe(ref s, i).AsUInt16() << 3).AsByte() | Vector256.LoadUnsafe(ref s, i + 1);
            Vector256<byte> b = (Vector256.LoadUnsafe(ref s, i + 2).AsUInt16() << 3).AsByte() | Vector256.LoadUnsafe(ref s, i + 3);
            ((Vector256.WidenLower(a) << 6) | Vector256.WidenLower(b)).StoreUnsafe(ref fours, i);
            ((Vector256.WidenUpper(a) << 6) | Vector256.WidenUpper(b)).StoreUnsafe(ref fours, i + 16);
        }

        for (nuint i = 0; i < count + 8; i += 16)
        {
            Vector256<ushort> a = Vector256.LoadUnsafe(ref fours, i);
            Vector256<ushort> b = Vector256.LoadUnsafe(ref fours, i + 4);
            ((Vector256.WidenLower(a) << 12) | Vector256.WidenLower(b)).StoreUnsafe(ref eights, i);
            ((Vector256.WidenUpper(a) << 12) | Vector256.WidenUpper(b)).StoreUnsafe(ref eights, i + 8);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Finish256(in WindowHashKey key, ref ushort fours, ref uint eights, ref ulong hashes, nuint count)
    {
        Vector256<ulong> whitening = Vector256.Create(key.Whitening);
        Vector256<ulong> first = Vector256.Create(key.First);
        Vector256<ulong> second = Vector256.Create(key.Second);
        for (nuint i = 0; i < count; i += 8)
        {
            Vector256<uint> a = Vector256.LoadUnsafe(ref eights, i);
            Vector256<uint> b = Vector256.LoadUnsafe(ref eights, i + 8);
            Vector256<uint> c = Vector256.WidenLower(Vector256.Create(Vector128.LoadUnsafe(ref fours, i + 16), default));
            Vector256<ulong> low = (Vector256.WidenLower(a) << 36) | (Vector256.WidenLower(b) << 12) | Vector256.WidenLower(c);
            Vector256<ulong> high = (Vector256.WidenUpper(a) << 36) | (Vector256.WidenUpper(b) << 12) | Vector256.WidenUpper(c);
            low = (low ^ whitening) * first;
            high = (high ^ whitening) * first;
            low = (low ^ (low >> 32)) * second;
            high = (high ^ (high >> 32)) * second;
            low.StoreUnsafe(ref hashes, i);
            high.StoreUnsafe(ref hashes, i + 4);
        }
    }
}
