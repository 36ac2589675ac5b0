#pragma warning disable RS0030 // Reads floats as the bytes they are.
using System.Runtime.InteropServices;

namespace InferenceShield.Numerics;

/// <summary>Keyed digests of rows of numbers: SipHash-2-4, the same on every machine.</summary>
internal static class MarkDigest
{
    /// <summary>Of the bits of a row: 0 and -0 are two numbers.</summary>
    public static Hash128 OfExact(SipHashKey key, ReadOnlySpan<float> row) => SipHash.Hash(key, MemoryMarshal.AsBytes(row));

    /// <summary>Of a row whose values are rounded to a step, half to even, so that their last bits decide nothing: near-repeats mostly share it.</summary>
    /// <param name="key">Any.</param>
    /// <param name="row">NaN counts as 0; beyond 2^31 steps a value counts as so many.</param>
    /// <param name="step">Above 0.</param>
    public static Hash128 OfQuantised(SipHashKey key, ReadOnlySpan<float> row, double step)
    {
        const int Most = 256;
        double inverse = 1 / step;
        SipHash.Stream stream = new(key);
        Span<int> steps = stackalloc int[Most];
        for (int begin = 0; begin < row.Length; begin += Most)
        {
            ReadOnlySpan<float> part = row.Slice(begin, Math.Min(Most, row.Length - begin));
            for (int i = 0; i < part.Length; i++)
            {
                double value = Math.Round(part[i] * inverse);
                steps[i] = double.IsNaN(value) ? 0 : (int)Math.Clamp(value, int.MinValue, int.MaxValue);
            }

            if ((part.Length & 1) != 0)
            {
                steps[part.Length] = 0; // the length, which comes last, tells it from a value
            }

            for (int i = 0; i < part.Length; i += 2)
            {
                stream.Add((uint)steps[i] | ((ulong)(uint)steps[i + 1] << 32));
            }
        }

        stream.Add((ulong)row.Length);
        return stream.Finish();
    }
}
