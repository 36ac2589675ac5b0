using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime.Numerics;

/// <summary>The element types that models take and give, and what the shield does with each.</summary>
internal static class ElementTypes
{
    /// <summary>The ONNX element type of a .NET type; 0 if there is none.</summary>
    public static TensorElementType Of<T>()
        where T : unmanaged =>
        typeof(T) == typeof(float) ? TensorElementType.Float
        : typeof(T) == typeof(double) ? TensorElementType.Double
        : typeof(T) == typeof(Half) || typeof(T) == typeof(Microsoft.ML.OnnxRuntime.Float16) ? TensorElementType.Float16
        : typeof(T) == typeof(Microsoft.ML.OnnxRuntime.BFloat16) ? TensorElementType.BFloat16
        : typeof(T) == typeof(long) ? TensorElementType.Int64
        : typeof(T) == typeof(int) ? TensorElementType.Int32
        : typeof(T) == typeof(short) ? TensorElementType.Int16
        : typeof(T) == typeof(sbyte) ? TensorElementType.Int8
        : typeof(T) == typeof(byte) ? TensorElementType.UInt8
        : typeof(T) == typeof(ushort) ? TensorElementType.UInt16
        : typeof(T) == typeof(uint) ? TensorElementType.UInt32
        : typeof(T) == typeof(ulong) ? TensorElementType.UInt64
        : typeof(T) == typeof(bool) ? TensorElementType.Bool
        : 0;

    /// <summary>Bytes of one element; 0 for types that cannot be passed.</summary>
    public static int SizeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float or TensorElementType.Int32 or TensorElementType.UInt32 => 4,
        TensorElementType.Double or TensorElementType.Int64 or TensorElementType.UInt64 => 8,
        TensorElementType.Float16 or TensorElementType.BFloat16 or TensorElementType.Int16 or TensorElementType.UInt16 => 2,
        TensorElementType.Int8 or TensorElementType.UInt8 or TensorElementType.Bool => 1,
        _ => 0,
    };

    /// <summary>Whether answers of this type can be hardened.</summary>
    public static bool IsReal(TensorElementType type) => type is
        TensorElementType.Float or TensorElementType.Double or TensorElementType.Float16 or TensorElementType.BFloat16;

    /// <summary>The index of the first element that is NaN or infinite; -1 if there is none or the type has none.</summary>
    public static int IndexOfNonFinite(TensorElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        TensorElementType.Float => IndexOfNonFinite(PinnedBuffer.Cast<float>(bytes)),
        TensorElementType.Double => IndexOfNonFinite(PinnedBuffer.Cast<double>(bytes)),
        TensorElementType.Float16 => IndexOfAllOnes(PinnedBuffer.Cast<ushort>(bytes), exponent: 0x7C00),
        TensorElementType.BFloat16 => IndexOfAllOnes(PinnedBuffer.Cast<ushort>(bytes), exponent: 0x7F80),
        _ => -1,
    };

    public static int IndexOfNonFinite<T>(ReadOnlySpan<T> values)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        if (values.IsEmpty || TensorPrimitives.IsFiniteAll(values))
        {
            return -1;
        }

        int index = 0;
        while (T.IsFinite(values[index]))
        {
            index++;
        }

        return index;
    }

    /// <summary>Widens or narrows numbers to float32: what answers are released in, and what detection measures inputs in.</summary>
    public static void ToSingle(TensorElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case TensorElementType.Float:
                PinnedBuffer.Cast<float>(source).CopyTo(destination);
                break;
            case TensorElementType.Double:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<double>(source), destination);
                break;
            case TensorElementType.Float16:
                TensorPrimitives.ConvertToSingle(PinnedBuffer.Cast<Half>(source), destination);
                break;
            case TensorElementType.UInt8:
                TensorPrimitives.ConvertTruncating(source, destination);
                break;
            case TensorElementType.Int8:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<sbyte>(source), destination);
                break;
            case TensorElementType.Int16:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<short>(source), destination);
                break;
            case TensorElementType.UInt16:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<ushort>(source), destination);
                break;
            case TensorElementType.Int32:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<int>(source), destination);
                break;
            case TensorElementType.UInt32:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<uint>(source), destination);
                break;
            case TensorElementType.Int64:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<long>(source), destination);
                break;
            case TensorElementType.UInt64:
                TensorPrimitives.ConvertTruncating(PinnedBuffer.Cast<ulong>(source), destination);
                break;
            default:
                ReadOnlySpan<ushort> bits = PinnedBuffer.Cast<ushort>(source);
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)bits[i] << 16);
                }

                break;
        }
    }

    /// <summary>Where narrowing drew classes level with the leading one, puts that one in front again.</summary>
    public static void KeepLeaders(ReadOnlySpan<double> source, Span<float> narrowed, int classes)
    {
        for (int start = 0; start + classes <= source.Length; start += classes)
        {
            int leader = TensorPrimitives.IndexOfMax(source.Slice(start, classes));
            Span<float> row = narrowed.Slice(start, classes);
            int now = TensorPrimitives.IndexOfMax<float>(row);
            if (leader >= 0 && now != leader && float.IsFinite(row[leader]))
            {
                row[leader] = MathF.BitIncrement(row[leader]);
            }
        }
    }

    /// <summary>Half formats are not finite where every exponent bit is set.</summary>
    private static int IndexOfAllOnes(ReadOnlySpan<ushort> bits, int exponent)
    {
        for (int i = 0; i < bits.Length; i++)
        {
            if ((bits[i] & exponent) == exponent)
            {
                return i;
            }
        }

        return -1;
    }
}
