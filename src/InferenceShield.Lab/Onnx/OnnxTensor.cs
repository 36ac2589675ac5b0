#pragma warning disable RS0030 // Raw data of a tensor are the bytes of its values; nothing is reinterpreted but that.
using System.Runtime.InteropServices;

namespace InferenceShield.Lab;

/// <summary>A constant tensor: an initializer or the value of an attribute.</summary>
internal sealed class OnnxTensor
{
    private readonly OnnxElementType _type;
    private readonly long[] _dimensions;
    private readonly byte[] _bytes;

    private OnnxTensor(OnnxElementType type, long[] dimensions, byte[] bytes)
    {
        _type = type;
        _dimensions = dimensions;
        _bytes = bytes;
    }

    /// <summary>Copies values into a tensor.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/>, <see cref="double"/>, <see cref="long"/>, <see cref="int"/>, <see cref="byte"/>, <see cref="sbyte"/> or <see cref="bool"/>.</typeparam>
    /// <param name="dimensions">The shape; empty for a scalar.</param>
    /// <param name="values">The values in row-major order.</param>
    public static OnnxTensor Create<T>(ReadOnlySpan<long> dimensions, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        long count = 1;
        foreach (long dimension in dimensions)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dimension, nameof(dimensions));
            count = checked(count * dimension);
        }

        if (count != values.Length)
        {
            throw new ArgumentException($"The shape holds {count} values but {values.Length} were given.", nameof(values));
        }

        // raw_data is defined as little-endian; every platform .NET 10 and ONNX Runtime share is.
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("Tensors can only be written on little-endian machines.");
        }

        return new OnnxTensor(ElementTypeOf<T>(), dimensions.ToArray(), MemoryMarshal.AsBytes(values).ToArray());
    }

    /// <summary>Writes a <c>TensorProto</c>.</summary>
    internal ProtobufWriter ToProtobuf(string name)
    {
        var proto = new ProtobufWriter();
        foreach (long dimension in _dimensions)
        {
            proto.WriteInt64(1, dimension);
        }

        return proto.WriteInt64(2, (long)_type).WriteString(8, name).WriteBytes(9, _bytes);
    }

    private static OnnxElementType ElementTypeOf<T>() => default(T) switch
    {
        float => OnnxElementType.Float,
        Half => OnnxElementType.Float16,
        double => OnnxElementType.Double,
        long => OnnxElementType.Int64,
        int => OnnxElementType.Int32,
        byte => OnnxElementType.UInt8,
        sbyte => OnnxElementType.Int8,
        bool => OnnxElementType.Bool,
        _ => throw new NotSupportedException($"{typeof(T)} has no ONNX element type here."),
    };
}
