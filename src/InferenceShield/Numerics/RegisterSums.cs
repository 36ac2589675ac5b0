using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceShield.Numerics;

/// <summary>What a HyperLogLog estimate needs of its registers: the same integers whatever the instructions.</summary>
/// <param name="Sum">With q = 64 - precision, the sum over all registers r in 1..q of 2^(q-r); below 2^63.</param>
/// <param name="Zeros">Registers that are 0.</param>
/// <param name="Full">Registers that are q + 1, the most there is.</param>
/// <remarks>
/// The scalar increments of a histogram are what an estimate costs. Instead, two byte shuffles turn sixteen consecutive
/// register values, the window, into their weights 2^15 .. 1, and sums of absolute differences add these up. Registers of
/// a sketch that was filled with hashes lie within 16 values but for about one in 4096, so whatever is outside the window
/// is taken one by one; a state made to lie outside costs the scalar time and is as exact.
/// </remarks>
internal readonly record struct RegisterSums(ulong Sum, int Zeros, int Full)
{
    private const int Window = 16;

    /// <summary>A register this far into the window or less has an index without the top bit, which shuffles heed.</summary>
    private const byte Bias = 128 - Window;

    /// <summary>128, 64 .. 1: the weights of half a window.</summary>
    private const ulong HalfWeights = 0x0102040810204080;

    /// <summary>Vectors at a time: a bit each says which hold something outside the window.</summary>
    private const int MaximumVectors = 64;

    /// <summary>As many registers as tell about where the window is: the least of 4096 is hardly ever 2 below theirs.</summary>
    private const int Sample = 256;

    public static RegisterSums Of(ReadOnlySpan<byte> registers, int precision)
    {
        int q = 64 - precision;
        if (!Avx2.IsSupported)
        {
            return SumScalar(registers, q);
        }

        int first = Math.Clamp(Least(registers[..Math.Min(Sample, registers.Length)]) - 1, 0, q + 1 - Window);
        bool wide = Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;
        int size = wide ? Vector512<byte>.Count : Vector256<byte>.Count;
        ulong weights = 0;
        RegisterSums rest = first == 0 ? new RegisterSums(0, registers.Count((byte)0), 0) : default;
        for (; registers.Length >= size; registers = registers[Math.Min(MaximumVectors * size, registers.Length & -size)..])
        {
            ReadOnlySpan<byte> part = registers[..Math.Min(MaximumVectors * size, registers.Length & -size)];
            ulong exceptions = wide ? SumWindow512(part, first, ref weights) : SumWindow256(part, first, ref weights);
            for (; exceptions != 0; exceptions &= exceptions - 1)
            {
                rest = rest.WithOutside(part.Slice(BitOperations.TrailingZeroCount(exceptions) * size, size), first, q);
            }
        }

        foreach (byte register in registers)
        {
            // The window counts zeros as it meets them only if it does not begin with them.
            rest = register == 0 && first == 0 ? rest : rest.With(register, q);
        }

        return rest with { Sum = rest.Sum + (weights << (q + 1 - Window - first)) };
    }

    internal static RegisterSums SumScalar(ReadOnlySpan<byte> registers, int q)
    {
        RegisterSums sums = default;
        foreach (byte register in registers)
        {
            sums = sums.With(register, q);
        }

        return sums;
    }

    /// <summary>Adds the weights, 2^15 to 1, of what lies in the window, and tells the vectors that hold something else.</summary>
    /// <remarks>A leaf without calls: a call in the loop would make the compiler keep the sums in memory.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong SumWindow512(ReadOnlySpan<byte> registers, int first, ref ulong weights)
    {
        Vector512<byte> start = Vector512.Create((byte)first);
        Vector512<byte> bias = Vector512.Create(Bias);
        Vector512<byte> upperTable = Vector512.Create(Vector256.Create(Vector128.Create(UpperWeights(first), 0).AsByte()));
        Vector512<byte> lowerTable = Vector512.Create(Vector256.Create(Vector128.Create(0, HalfWeights).AsByte()));
        Vector512<ulong> upper = Vector512<ulong>.Zero;
        Vector512<ulong> lower = Vector512<ulong>.Zero;
        ulong exceptions = 0;
        ulong vector = 1;
        for (int i = 0; i <= registers.Length - Vector512<byte>.Count; i += Vector512<byte>.Count)
        {
            Vector512<byte> index = Avx512BW.AddSaturate(Vector512.LoadUnsafe(in registers[i]) - start, bias);
            upper += Avx512BW.SumAbsoluteDifferences(Avx512BW.Shuffle(upperTable, index), Vector512<byte>.Zero).AsUInt64();
            lower += Avx512BW.SumAbsoluteDifferences(Avx512BW.Shuffle(lowerTable, index), Vector512<byte>.Zero).AsUInt64();
            if (index.ExtractMostSignificantBits() != 0)
            {
                exceptions |= vector;
            }

            vector <<= 1;
        }

        weights += (Vector512.Sum(upper) << (Window / 2)) + Vector512.Sum(lower);
        return exceptions;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong SumWindow256(ReadOnlySpan<byte> registers, int first, ref ulong weights)
    {
        Vector256<byte> start = Vector256.Create((byte)first);
        Vector256<byte> bias = Vector256.Create(Bias);
        Vector256<byte> upperTable = Vector256.Create(Vector128.Create(UpperWeights(first), 0).AsByte());
        Vector256<byte> lowerTable = Vector256.Create(Vector128.Create(0, HalfWeights).AsByte());
        Vector256<ulong> upper = Vector256<ulong>.Zero;
        Vector256<ulong> lower = Vector256<ulong>.Zero;
        ulong exceptions = 0;
        ulong vector = 1;
        for (int i = 0; i <= registers.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            Vector256<byte> index = Avx2.AddSaturate(Vector256.LoadUnsafe(in registers[i]) - start, bias);
            upper += Avx2.SumAbsoluteDifferences(Avx2.Shuffle(upperTable, index), Vector256<byte>.Zero).AsUInt64();
            lower += Avx2.SumAbsoluteDifferences(Avx2.Shuffle(lowerTable, index), Vector256<byte>.Zero).AsUInt64();
            if (index.ExtractMostSignificantBits() != 0)
            {
                exceptions |= vector;
            }

            vector <<= 1;
        }

        weights += (Vector256.Sum(upper) << (Window / 2)) + Vector256.Sum(lower);
        return exceptions;
    }

    /// <summary>A register of 0 has no weight, not even first in the window.</summary>
    private static ulong UpperWeights(int first) => first == 0 ? HalfWeights & ~0xffUL : HalfWeights;

    private static byte Least(ReadOnlySpan<byte> registers)
    {
        byte least = byte.MaxValue;
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<byte> minima = Vector128<byte>.AllBitsSet;
            for (; i <= registers.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
            {
                minima = Vector128.Min(minima, Vector128.LoadUnsafe(in registers[i]));
            }

            minima = Vector128.Min(minima, (minima.AsUInt64() >>> 32).AsByte());
            minima = Vector128.Min(minima, (minima.AsUInt64() >>> 16).AsByte());
            minima = Vector128.Min(minima, (minima.AsUInt64() >>> 8).AsByte());
            least = Math.Min(minima[0], minima[8]);
        }

        for (; i < registers.Length; i++)
        {
            least = Math.Min(least, registers[i]);
        }

        return least;
    }

    private RegisterSums With(byte register, int q) =>
        register == 0 ? this with { Zeros = Zeros + 1 }
        : register > q ? this with { Full = Full + 1 }
        : this with { Sum = Sum + (1UL << (q - register)) };

    /// <summary>Adds what of one vector lies outside the window.</summary>
    private RegisterSums WithOutside(ReadOnlySpan<byte> registers, int first, int q)
    {
        RegisterSums sums = this;
        for (; registers.Length > 0; registers = registers[Vector256<byte>.Count..])
        {
            Vector256<byte> values = Vector256.LoadUnsafe(in registers[0]);
            Vector256<byte> index = values - Vector256.Create((byte)first);
            uint outside = Vector256.GreaterThan(index, Vector256.Create((byte)(Window - 1))).ExtractMostSignificantBits();
            for (; outside != 0; outside &= outside - 1)
            {
                sums = sums.With(values[BitOperations.TrailingZeroCount(outside)], q);
            }
        }

        return sums;
    }
}
