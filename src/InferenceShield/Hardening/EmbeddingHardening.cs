using System.Numerics;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Hardens one embedding: keyed noise at a cosine budget, a tenant's secret transform, rounding.</summary>
/// <remarks>
/// <para>Noise turns the vector by one fixed angle, towards a keyed direction orthogonal to it, so its length stays and the cosine to
/// the clean vector is known exactly; with rounding after, it is at least 1 less the budget. The direction is a function of key and
/// cell, the same for all callers and tenants: under two tenants' transforms the same noise is released twice.</para>
/// <para>The cell is 16 keyed sides of the vector (<see cref="FindCell"/>), or one of the input that the host found. Within
/// a cell noise is common: differences of vectors in one cell lose most of it, and a thief who has one clean vector of a cell
/// knows the direction for all of it. To one who knows how each of 64 near-repeats moved the vector, by a twentieth and by half of its
/// length, the mean leaves .87 and .24 of one answer's error (a test); of repeats, all. Noise is a tax on copies, not a wall.</para>
/// <para>Rounding is to one grid for the whole vector, a power of ten such that a component of root-mean-square size keeps the digits;
/// small components keep fewer. Vectors shorter than 1e-30 are released as zeros; longer than 1e38 the budget is not promised.</para>
/// <para>All but the mark in double, and all in a fixed order; the same at every vector width. No allocation after a thread's first call.</para>
/// </remarks>
internal static class EmbeddingHardening
{
    private const double LeastLength = 1e-30;
    private const int CellBits = 16;
    private const int CellWindow = 256;

    // The third word of what is hashed.
    private const ulong SignPurpose = 1;
    private const ulong SidePurpose = 2;
    private const ulong NoisePurpose = 3;

    /// <summary>The least and greatest power of ten of a grid step.</summary>
    private const int LargestExponent = 45;

    private static readonly double[] s_powers = [.. Enumerable.Range(0, LargestExponent + 1).Select(i => Math.Pow(10, i))];

    /// <summary>Hardens with noise of the vector's own cell.</summary>
    /// <param name="plan">How.</param>
    /// <param name="key">Keys cells and noise.</param>
    /// <param name="transform">The tenant's, of the row's dimension; null for none.</param>
    /// <param name="clean">The model's vector.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    public static bool TryHarden(
        EmbeddingPlan plan, SipHashKey key, EmbeddingTransform? transform, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault) =>
        TryHarden(plan, key, null, transform, clean, released, out fault);

    /// <summary>Hardens with noise of a cell that the host found, as a rule the input's.</summary>
    /// <inheritdoc cref="TryHarden(EmbeddingPlan, SipHashKey, EmbeddingTransform?, ReadOnlySpan{float}, Span{float}, out OutputFault)"/>
    public static bool TryHarden(
        EmbeddingPlan plan, SipHashKey key, ulong? cell, EmbeddingTransform? transform, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault) =>
        TryHarden(plan, key, cell, transform, null, clean, released, out fault, out _);

    /// <summary>The same after a mark, whose angle comes on top of the plan's budget.</summary>
    /// <inheritdoc cref="TryHarden(EmbeddingPlan, SipHashKey, EmbeddingTransform?, ReadOnlySpan{float}, Span{float}, out OutputFault)"/>
    /// <param name="plan">How.</param>
    /// <param name="key">Keys cells and noise.</param>
    /// <param name="cell">Of the input; null for the vector's own.</param>
    /// <param name="transform">The tenant's, of the row's dimension; null for none.</param>
    /// <param name="mark">Null for none.</param>
    /// <param name="clean">The model's vector.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <param name="isMarked">Whether it carries the mark: not if its length is next to nothing.</param>
    public static bool TryHarden(
        EmbeddingPlan plan, SipHashKey key, ulong? cell, EmbeddingTransform? transform, DirectionMark? mark, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault,
        out bool isMarked)
    {
        isMarked = false;
        for (int i = 0; i < clean.Length; i++)
        {
            if (!float.IsFinite(clean[i]))
            {
                fault = OutputFault.NotFinite(i, clean[i]);
                return false;
            }
        }

        fault = default;
        double length = Math.Sqrt(Dot<float, float>(clean, clean));
        if (length < LeastLength)
        {
            released.Clear();
            return true;
        }

        // Of the clean vector, so that noise is the same with a mark and without.
        ulong noise = plan.HasNoise && clean.Length > 1 ? cell ?? FindCell(key, clean, length) : 0;
        if (mark is not null && clean.Length > 1)
        {
            isMarked = mark.Apply(clean, length, released);
        }
        else
        {
            clean.CopyTo(released);
        }

        if (plan.HasNoise && clean.Length > 1)
        {
            Turn(plan, key, noise, released, length, released);
        }

        transform?.Apply(released, released);
        Round(released, length, plan.Digits);
        return true;
    }

    /// <summary>The cell of a vector: its sides of 16 keyed hyperplanes through 0, by SimHash. The length does not matter.</summary>
    /// <param name="key">Keys the hyperplanes.</param>
    /// <param name="vector">Finite.</param>
    /// <param name="length">Its length, above 0.</param>
    internal static ulong FindCell(SipHashKey key, ReadOnlySpan<float> vector, double length)
    {
        Span<float> folded = stackalloc float[CellWindow];
        folded.Clear();
        double inverse = 1 / length;
        for (int start = 0; start < vector.Length; start += 64)
        {
            ulong signs = SipHash.Hash(key, (ulong)start, 0, SignPurpose).Low;
            Span<float> part = folded.Slice(start % CellWindow, 64);
            for (int i = 0; i < Math.Min(64, vector.Length - start); i++)
            {
                uint value = BitConverter.SingleToUInt32Bits((float)(vector[start + i] * inverse));
                part[i] += BitConverter.UInt32BitsToSingle(value ^ ((uint)(signs >> i) << 31)); // no branch: signs cannot be predicted
            }
        }

        WalshHadamard.Transform(folded);
        ulong places = SipHash.Hash(key, (ulong)vector.Length, 0, SidePurpose).Low;
        int stride = (int)(places >> 32) | 1; // odd: all places differ
        ulong cell = 0;
        for (int i = 0; i < CellBits; i++)
        {
            cell = (cell << 1) | (folded[(int)places + (i * stride) & (CellWindow - 1)] > 0 ? 1UL : 0);
        }

        return cell;
    }

    /// <summary>Turns a vector by the plan's angle, towards a direction of the cell.</summary>
    private static void Turn(EmbeddingPlan plan, SipHashKey key, ulong cell, ReadOnlySpan<float> clean, double length, Span<float> turned)
    {
        Span<double> noise = HardeningScratch.ForThisThread.Distribution(clean.Length);
        Fill(noise, key, cell);
        double along = Dot<double, float>(noise, clean) / length / length;
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] -= along * clean[i];
        }

        double left = Dot<double, double>(noise, noise);

        // Numbers are of order 1, a few at least; along the vector itself there is nothing to turn to.
        double sideways = left > 1e-12 ? plan.Sine * length / Math.Sqrt(left) : 0;
        double forward = left > 1e-12 ? plan.Cosine : 1;
        for (int i = 0; i < turned.Length; i++)
        {
            turned[i] = (float)double.ClampNative((forward * clean[i]) + (sideways * noise[i]), float.MinValue, float.MaxValue);
        }
    }

    /// <summary>Uniform in (-1, 1), eight of sixteen bits from a hash.</summary>
    private static void Fill(Span<double> noise, SipHashKey key, ulong cell)
    {
        for (int start = 0; start < noise.Length; start += 8)
        {
            Hash128 bits = SipHash.Hash(key, cell, (ulong)start, NoisePurpose);
            Fill(noise[start..Math.Min(start + 4, noise.Length)], bits.Low);
            Fill(noise[Math.Min(start + 4, noise.Length)..Math.Min(start + 8, noise.Length)], bits.High);
        }
    }

    /// <summary>Up to four numbers of one word.</summary>
    private static void Fill(Span<double> part, ulong word)
    {
        foreach (ref double number in part)
        {
            number = ToUniform(word);
            word >>= 16;
        }
    }

    private static double ToUniform(ulong word) => ((short)word + 0.5) * (1.0 / 32_768);

    private static void Round(Span<float> vector, double length, int digits)
    {
        double typical = length / Math.Sqrt(vector.Length);
        int decimals = digits - 1 - (int)Math.Floor(Math.Log10(typical));
        DecimalGrid.Round(vector, decimals >= 0 ? s_powers[decimals] : 1 / s_powers[-decimals]);
    }

    /// <summary>In four sums, always the same ones.</summary>
    private static double Dot<TLeft, TRight>(ReadOnlySpan<TLeft> left, ReadOnlySpan<TRight> right)
        where TLeft : unmanaged, INumberBase<TLeft>
        where TRight : unmanaged, INumberBase<TRight>
    {
        right = right[..left.Length];
        double first = 0;
        double second = 0;
        double third = 0;
        double fourth = 0;
        int i = 0;
        for (; i + 4 <= left.Length; i += 4)
        {
            first += double.CreateTruncating(left[i]) * double.CreateTruncating(right[i]);
            second += double.CreateTruncating(left[i + 1]) * double.CreateTruncating(right[i + 1]);
            third += double.CreateTruncating(left[i + 2]) * double.CreateTruncating(right[i + 2]);
            fourth += double.CreateTruncating(left[i + 3]) * double.CreateTruncating(right[i + 3]);
        }

        for (; i < left.Length; i++)
        {
            first += double.CreateTruncating(left[i]) * double.CreateTruncating(right[i]);
        }

        return first + second + (third + fourth);
    }
}
