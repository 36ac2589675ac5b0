#pragma warning disable RS0030 // Vector loads over spans; the entry point checks lengths first.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield.Numerics;

/// <summary>Finds the nearest of some points by L1, a lane for each point.</summary>
/// <remarks>Every distance is summed in the order of the dimensions, whatever the vector width, and nothing is fused:
/// the same bits, and so the same point, on every machine.</remarks>
internal static class NearestColumns
{
    /// <summary>Points come in multiples of this: the floats of the widest vector.</summary>
    private const int Lanes = 16;

    private const int Unroll = 4;
    private const int MaximumPoints = 256;

    /// <summary>The places for a number of points; those that are none hold infinity.</summary>
    public static int PaddedCount(int points) => (points + Lanes - 1) & -Lanes;

    /// <summary>The index of the nearest point, the first of equals.</summary>
    /// <param name="query">d numbers.</param>
    /// <param name="columns">d times <paramref name="stride"/>: the first number of all points, then the second, and so on.</param>
    /// <param name="stride">The places, a <see cref="PaddedCount"/>; at least one of them a point.</param>
    public static int Find(ReadOnlySpan<float> query, ReadOnlySpan<float> columns, int stride)
    {
        Check(query, columns, stride);
        if (!Vector.IsHardwareAccelerated || Vector<float>.Count > Lanes)
        {
            return FindScalar(query, columns, stride);
        }

        Vector<float> least = new(float.PositiveInfinity);
        Vector<int> nearest = Vector<int>.Zero;
        for (int lane = 0; lane < stride; lane += Unroll * Vector<float>.Count)
        {
            Compare(query, columns, stride, lane, ref least, ref nearest);
        }

        return First(least, nearest);
    }

    /// <summary>The portable twin of <see cref="Find"/>.</summary>
    public static int FindScalar(ReadOnlySpan<float> query, ReadOnlySpan<float> columns, int stride)
    {
        Check(query, columns, stride);
        int nearest = 0;
        float least = float.PositiveInfinity;
        for (int point = 0; point < stride; point++)
        {
            float distance = 0;
            for (int i = 0; i < query.Length; i++)
            {
                distance += MathF.Abs(query[i] - columns[(i * stride) + point]);
            }

            (nearest, least) = distance < least ? (point, distance) : (nearest, least);
        }

        return nearest;
    }

    /// <summary>Four vectors of points at once, so that one addition need not wait for the other. Where fewer are left, the
    /// last of them stands in for those that are not: a point compared twice changes nothing.</summary>
    private static void Compare(
        ReadOnlySpan<float> query, ReadOnlySpan<float> columns, int stride, int lane, ref Vector<float> least, ref Vector<int> nearest)
    {
        int last = stride - Vector<float>.Count;
        int second = Math.Min(lane + Vector<float>.Count, last);
        int third = Math.Min(lane + (2 * Vector<float>.Count), last);
        int fourth = Math.Min(lane + (3 * Vector<float>.Count), last);
        ref float column = ref MemoryMarshal.GetReference(columns);
        nuint at = (nuint)(uint)lane;
        nuint toSecond = (nuint)(uint)(second - lane);
        nuint toThird = (nuint)(uint)(third - lane);
        nuint toFourth = (nuint)(uint)(fourth - lane);
        Vector<float> sum1 = Vector<float>.Zero;
        Vector<float> sum2 = Vector<float>.Zero;
        Vector<float> sum3 = Vector<float>.Zero;
        Vector<float> sum4 = Vector<float>.Zero;
        for (int i = 0; i < query.Length; i++)
        {
            Vector<float> value = new(query[i]);
            sum1 += Vector.Abs(value - Vector.LoadUnsafe(ref column, at));
            sum2 += Vector.Abs(value - Vector.LoadUnsafe(ref column, at + toSecond));
            sum3 += Vector.Abs(value - Vector.LoadUnsafe(ref column, at + toThird));
            sum4 += Vector.Abs(value - Vector.LoadUnsafe(ref column, at + toFourth));
            at += (nuint)(uint)stride;
        }

        Keep(sum1, lane, ref least, ref nearest);
        Keep(sum2, second, ref least, ref nearest);
        Keep(sum3, third, ref least, ref nearest);
        Keep(sum4, fourth, ref least, ref nearest);
    }

    /// <summary>Later points displace earlier ones of their lane only if they are nearer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep(Vector<float> distances, int point, ref Vector<float> least, ref Vector<int> nearest)
    {
        Vector<int> nearer = Vector.LessThan(distances, least);
        least = Vector.ConditionalSelect(nearer, distances, least);
        nearest = Vector.ConditionalSelect(nearer, Vector<int>.Indices + new Vector<int>(point), nearest);
    }

    /// <summary>The nearest of all lanes, the first of equals.</summary>
    private static int First(Vector<float> least, Vector<int> nearest)
    {
        int best = 0;
        for (int lane = 1; lane < Vector<float>.Count; lane++)
        {
            if (least[lane] < least[best] || (least[lane] == least[best] && nearest[lane] < nearest[best]))
            {
                best = lane;
            }
        }

        return nearest[best];
    }

    private static void Check(ReadOnlySpan<float> query, ReadOnlySpan<float> columns, int stride)
    {
        if (stride is <= 0 or > MaximumPoints || stride % Lanes != 0 || columns.Length != (long)query.Length * stride)
        {
            throw new ArgumentException($"{columns.Length} numbers are not {query.Length} for each of {stride} points.", nameof(columns));
        }
    }
}
