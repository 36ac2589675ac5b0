#pragma warning disable RS0030 // Vector loads over spans; lengths bound every load.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Sums floats in one fixed order, sixteen lanes and a tree, so that the bits are the same on every machine.</summary>
internal static class FixedOrderSum
{
    private const int Lanes = 16;

    /// <summary>The sum; 0 of nothing.</summary>
    public static float Sum(ReadOnlySpan<float> values)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return SumScalar(values);
        }

        ref float first = ref MemoryMarshal.GetReference(values);
        Vector512<float> lanes = Vector512<float>.Zero; // on narrower machines two or four registers, lane by lane the same
        int i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            lanes += Vector512.LoadUnsafe(ref first, (nuint)(uint)i);
        }

        Span<float> sums = stackalloc float[Lanes];
        lanes.CopyTo(sums);
        return Finish(sums, values[i..]);
    }

    /// <summary>The portable twin of <see cref="Sum"/>.</summary>
    public static float SumScalar(ReadOnlySpan<float> values)
    {
        Span<float> sums = stackalloc float[Lanes];
        sums.Clear();
        int i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                sums[lane] += values[i + lane];
            }
        }

        return Finish(sums, values[i..]);
    }

    private static float Finish(Span<float> sums, ReadOnlySpan<float> rest)
    {
        for (int lane = 0; lane < rest.Length; lane++)
        {
            sums[lane] += rest[lane];
        }

        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                sums[lane] += sums[lane + half];
            }
        }

        return sums[0];
    }
}
