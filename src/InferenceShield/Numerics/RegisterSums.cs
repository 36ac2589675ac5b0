using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceShield.Numerics;

/// <summary>What a HyperLogLog estimate needs of its registers, in one exact integer whatever the instructions.</summary>
/// <remarks>
/// With q = 64 - precision, the sum over all registers r in 1..q of 2^(q-r). Registers hold 0..q+1.
/// Instead of a histogram, whose scalar increments are the cost of an estimate, a byte shuffle turns eight register
/// values at a time ("plane" j: 8j+1 .. 8j+8) into their weights 128 .. 1 and all others into 0, and a
/// sum of absolute differences adds the weights up. Only planes that occur are visited: 3 or 4 of them.
/// </remarks>
internal readonly record struct RegisterSums(ulong Sum, int Zeros, int Full)
{
    private const int PlaneSize = 8;

    /// <summary>Weights by register value, plane after plane, 64 bytes each.</summary>
    private static readonly byte[] s_tables = MakeTables();

    public static RegisterSums Of(ReadOnlySpan<byte> registers, int precision)
    {
        (byte least, byte greatest) = FindRange(registers);
        int q = 64 - precision;

        // Registers may grow meanwhile; what has left the range by then counts as 0, an error far below the sketch's own.
        int zeros = least == 0 ? registers.Count((byte)0) : 0;
        int full = greatest > q ? registers.Count((byte)(q + 1)) : 0;
        if (!Avx2.IsSupported || full > 0)
        {
            return new RegisterSums(SumScalar(registers, q), zeros, full);
        }

        ulong sum = 0;
        int lastPlane = (greatest - 1) / PlaneSize;
        for (int plane = (Math.Max(least, (byte)1) - 1) / PlaneSize; greatest > 0 && plane <= lastPlane; plane++)
        {
            ulong weights = Avx512Vbmi.IsSupported ? SumPlane512(registers, plane) : SumPlane256(registers, plane);

            // The last plane may reach past q; its weights are then multiples of what is shifted out.
            int shift = q - PlaneSize * (plane + 1);
            sum += shift >= 0 ? weights << shift : weights >> -shift;
        }

        return new RegisterSums(sum, zeros, full);
    }

    internal static ulong SumScalar(ReadOnlySpan<byte> registers, int q)
    {
        ulong sum = 0;
        ulong one = 1UL << q;
        foreach (byte register in registers)
        {
            sum += register == 0 || register > q ? 0 : one >> register;
        }

        return sum;
    }

    private static ulong SumPlane512(ReadOnlySpan<byte> registers, int plane)
    {
        Vector512<byte> table = Vector512.Create<byte>(s_tables.AsSpan(plane * Vector512<byte>.Count, Vector512<byte>.Count));
        Vector512<ulong> sums = Vector512<ulong>.Zero;
        int i = 0;
        for (; i <= registers.Length - Vector512<byte>.Count; i += Vector512<byte>.Count)
        {
            Vector512<byte> weights = Avx512Vbmi.PermuteVar64x8(table, Vector512.LoadUnsafe(in registers[i]));
            sums += Avx512BW.SumAbsoluteDifferences(weights, Vector512<byte>.Zero).AsUInt64();
        }

        return Vector512.Sum(sums) + SumTail(registers[i..], plane);
    }

    private static ulong SumPlane256(ReadOnlySpan<byte> registers, int plane)
    {
        // value - first in 0..7 becomes 0x78..0x7f, whose low bits index the weights; the rest reaches 0x80, which the
        // shuffle turns into 0. Saturation keeps it from wrapping around.
        Vector256<byte> first = Vector256.Create((byte)(PlaneSize * plane + 1));
        Vector256<byte> bias = Vector256.Create((byte)0x78);
        Vector256<byte> table = Vector256.Create(0x0102040810204080UL).AsByte();
        Vector256<ulong> sums = Vector256<ulong>.Zero;
        int i = 0;
        for (; i <= registers.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            Vector256<byte> index = Avx2.AddSaturate(Vector256.LoadUnsafe(in registers[i]) - first, bias);
            sums += Avx2.SumAbsoluteDifferences(Avx2.Shuffle(table, index), Vector256<byte>.Zero).AsUInt64();
        }

        return Vector256.Sum(sums) + SumTail(registers[i..], plane);
    }

    private static ulong SumTail(ReadOnlySpan<byte> registers, int plane)
    {
        ulong sum = 0;
        foreach (byte register in registers)
        {
            sum += s_tables[plane * 64 + register];
        }

        return sum;
    }

    private static (byte Least, byte Greatest) FindRange(ReadOnlySpan<byte> registers)
    {
        int i = 0;
        byte least = byte.MaxValue;
        byte greatest = 0;
        if (Vector512.IsHardwareAccelerated && registers.Length >= Vector512<byte>.Count)
        {
            Vector512<byte> low = Vector512<byte>.AllBitsSet;
            Vector512<byte> high = Vector512<byte>.Zero;
            for (; i <= registers.Length - Vector512<byte>.Count; i += Vector512<byte>.Count)
            {
                Vector512<byte> values = Vector512.LoadUnsafe(in registers[i]);
                low = Vector512.Min(low, values);
                high = Vector512.Max(high, values);
            }

            (least, greatest) = Reduce(
                Vector256.Min(low.GetLower(), low.GetUpper()), Vector256.Max(high.GetLower(), high.GetUpper()));
        }
        else if (Vector256.IsHardwareAccelerated && registers.Length >= Vector256<byte>.Count)
        {
            Vector256<byte> low = Vector256<byte>.AllBitsSet;
            Vector256<byte> high = Vector256<byte>.Zero;
            for (; i <= registers.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
            {
                Vector256<byte> values = Vector256.LoadUnsafe(in registers[i]);
                low = Vector256.Min(low, values);
                high = Vector256.Max(high, values);
            }

            (least, greatest) = Reduce(low, high);
        }

        for (; i < registers.Length; i++)
        {
            least = Math.Min(least, registers[i]);
            greatest = Math.Max(greatest, registers[i]);
        }

        return (least, greatest);
    }

    private static (byte Least, byte Greatest) Reduce(Vector256<byte> low, Vector256<byte> high)
    {
        Vector128<byte> least = Vector128.Min(low.GetLower(), low.GetUpper());
        Vector128<byte> greatest = Vector128.Max(high.GetLower(), high.GetUpper());
        for (int step = Vector128<byte>.Count / 2; step > 0; step /= 2)
        {
            Vector128<byte> rotation = Vector128.Create((byte)step) + Vector128<byte>.Indices;
            least = Vector128.Min(least, Vector128.Shuffle(least, rotation & Vector128.Create((byte)15)));
            greatest = Vector128.Max(greatest, Vector128.Shuffle(greatest, rotation & Vector128.Create((byte)15)));
        }

        return (least.ToScalar(), greatest.ToScalar());
    }

    private static byte[] MakeTables()
    {
        byte[] tables = new byte[64 * PlaneSize];
        for (int value = 1; value < 64; value++)
        {
            tables[64 * ((value - 1) / PlaneSize) + value] = (byte)(128 >> ((value - 1) % PlaneSize));
        }

        return tables;
    }
}
