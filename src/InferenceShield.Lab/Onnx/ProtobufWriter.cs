using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace InferenceShield.Lab;

/// <summary>Encodes one protobuf message: the four wire forms that ONNX needs.</summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlySpan<byte> Bytes => _buffer.WrittenSpan;

    public ProtobufWriter WriteInt64(int field, long value)
    {
        WriteVarint((ulong)field << 3);
        WriteVarint((ulong)value);
        return this;
    }

    public ProtobufWriter WriteSingle(int field, float value)
    {
        WriteVarint(((ulong)field << 3) | 5);
        BinaryPrimitives.WriteSingleLittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
        return this;
    }

    public ProtobufWriter WriteBytes(int field, ReadOnlySpan<byte> value)
    {
        WriteVarint(((ulong)field << 3) | 2);
        WriteVarint((ulong)value.Length);
        _buffer.Write(value);
        return this;
    }

    public ProtobufWriter WriteString(int field, string value) => WriteBytes(field, Encoding.UTF8.GetBytes(value));

    public ProtobufWriter WriteMessage(int field, ProtobufWriter message) => WriteBytes(field, message.Bytes);

    public ProtobufWriter Append(ProtobufWriter fields)
    {
        _buffer.Write(fields.Bytes);
        return this;
    }

    private void WriteVarint(ulong value)
    {
        Span<byte> span = _buffer.GetSpan(10);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        _buffer.Advance(length);
    }
}
