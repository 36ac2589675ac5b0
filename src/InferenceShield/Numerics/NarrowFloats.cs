using System.Numerics.Tensors;

namespace InferenceShield.Numerics;

/// <summary>bfloat16 as its 16 bits: the upper half of a float32.</summary>
internal static class NarrowFloats
{
    private const ushort LargestFinite = 0x7F7F;

    /// <summary>The least finite bfloat16.</summary>
    public static float Least => FromBFloat16(LargestFinite | 0x8000);

    /// <summary>To nearest, ties to even. What is finite stays finite, NaN stays NaN.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        ushort upper = (ushort)(bits >> 16);
        if (!float.IsFinite(value))
        {
            return float.IsNaN(value) ? (ushort)(upper | 0x40) : upper;
        }

        ushort rounded = (ushort)((bits + 0x7FFF + (upper & 1u)) >> 16);
        return (rounded & 0x7FFF) > LargestFinite ? (ushort)((rounded & 0x8000) | LargestFinite) : rounded;
    }

    /// <summary>Exact.</summary>
    public static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The next bfloat16 below one that is finite.</summary>
    public static ushort Decrement(ushort bits) =>
        bits == 0 ? (ushort)0x8001 : (bits & 0x8000) == 0 ? (ushort)(bits - 1) : (ushort)(bits + 1);

    /// <summary>To nearest, ties to even. What is finite stays finite, NaN stays NaN.</summary>
    public static void ToHalf(ReadOnlySpan<float> values, Span<Half> narrowed)
    {
        TensorPrimitives.ConvertToHalf(values, narrowed);
        for (int i = 0; i < values.Length; i++)
        {
            if (Half.IsInfinity(narrowed[i]) && float.IsFinite(values[i]))
            {
                narrowed[i] = values[i] > 0 ? Half.MaxValue : Half.MinValue;
            }
        }
    }
}
