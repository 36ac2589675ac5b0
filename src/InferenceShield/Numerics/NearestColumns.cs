#pragma warning disable RS0030 // Vector loads over spans; the entry point checks lengths first.
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace InferenceShield.Numerics;

/// <summary>Finds the nearest of some points by L1, a lane for each point.</summary>
/// <remarks>Every distance is summed in the order of the dimensions, whatever the vector width, and nothing is fused:
/// the same bits, and so the same point, on every machine.</remarks>
internal static class NearestColumns
{
    /// <summary>Points come in multiples of this: the floats of the widest vector.</summary>
    private const int Lanes = 16;

    private const int MaximumPoints = 256;

    /// <summary>The places for a number of points; those that are none hold infinity.</summary>
    public static int PaddedCount(int points) => (points + Lanes - 1) & -Lanes;

    /// <summary>The index of the nearest point, the first of equals.</summary>
    /// <param name="query">d numbers.</param>
    /// <param name="columns">d times <paramref name="stride"/>: the first number of all points, then the second, and so on.</param>
    /// <param name="stride">The places, a <see cref="PaddedCount"/>; at least one of them a point.</param>
    public static int Find(ReadOnlySpan<double> query, ReadOnlySpan<float> columns, int stride)
    {
        Check(query, columns, stride);
        Span<float> distances = stackalloc float[stride];
        int lane = 0;
        for (; lane + 4 * Vector<float>.Count <= stride; lane += 4 * Vector<float>.Count)
        {
            Four(query, columns, stride, lane, distances);
        }

        for (; lane < stride; lane += Vector<float>.Count)
        {
            One(query, columns, stride, lane, distances);
        }

        return TensorPrimitives.IndexOfMin<float>(distances);
    }

    /// <summary>The portable twin of <see cref="Find"/>.</summary>
    public static int FindScalar(ReadOnlySpan<double> query, ReadOnlySpan<float> columns, int stride)
    {
        Check(query, columns, stride);
        int nearest = 0;
        float least = float.PositiveInfinity;
        for (int point = 0; point < stride; point++)
        {
            float distance = 0;
            for (int i = 0; i < query.Length; i++)
            {
                distance += MathF.Abs((float)query[i] - columns[(i * stride) + point]);
            }

            (nearest, least) = distance < least ? (point, distance) : (nearest, least);
        }

        return nearest;
    }

    /// <summary>Four vectors at once: one addition need not wait for the other.</summary>
    private static void Four(ReadOnlySpan<double> query, ReadOnlySpan<float> columns, int stride, int lane, Span<float> distances)
    {
        ref float column = ref MemoryMarshal.GetReference(columns);
        Vector<float> first = Vector<float>.Zero;
        Vector<float> second = Vector<float>.Zero;
        Vector<float> third = Vector<float>.Zero;
        Vector<float> fourth = Vector<float>.Zero;
        nuint at = (nuint)(uint)lane;
        foreach (double number in query)
        {
            Vector<float> value = new((float)number);
            first += Vector.Abs(value - Vector.LoadUnsafe(ref column, at));
            second += Vector.Abs(value - Vector.LoadUnsafe(ref column, at + (nuint)Vector<float>.Count));
            third += Vector.Abs(value - Vector.LoadUnsafe(ref column, at + (nuint)(2 * Vector<float>.Count)));
            fourth += Vector.Abs(value - Vector.LoadUnsafe(ref column, at + (nuint)(3 * Vector<float>.Count)));
            at += (nuint)(uint)stride;
        }

        first.CopyTo(distances[lane..]);
        second.CopyTo(distances[(lane + Vector<float>.Count)..]);
        third.CopyTo(distances[(lane + 2 * Vector<float>.Count)..]);
        fourth.CopyTo(distances[(lane + 3 * Vector<float>.Count)..]);
    }

    private static void One(ReadOnlySpan<double> query, ReadOnlySpan<float> columns, int stride, int lane, Span<float> distances)
    {
        ref float column = ref MemoryMarshal.GetReference(columns);
        Vector<float> sum = Vector<float>.Zero;
        nuint at = (nuint)(uint)lane;
        foreach (double number in query)
        {
            sum += Vector.Abs(new Vector<float>((float)number) - Vector.LoadUnsafe(ref column, at));
            at += (nuint)(uint)stride;
        }

        sum.CopyTo(distances[lane..]);
    }

    private static void Check(ReadOnlySpan<double> query, ReadOnlySpan<float> columns, int stride)
    {
        if (stride is <= 0 or > MaximumPoints || stride % Lanes != 0 || columns.Length != (long)query.Length * stride)
        {
            throw new ArgumentException($"{columns.Length} numbers are not {query.Length} for each of {stride} points.", nameof(columns));
        }
    }
}
