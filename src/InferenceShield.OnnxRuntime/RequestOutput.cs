using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>One declared output of a request: where the model writes it and what of it is released.</summary>
internal sealed class RequestOutput(ModelTensor tensor, OutputKind kind) : IDisposable
{
    private readonly PinnedBuffer _buffer = new();
    private readonly PinnedBuffer _converted = new();
    private OrtValue? _value;

    public ModelTensor Tensor { get; } = tensor;

    public OutputKind Kind { get; } = kind;

    public long[] Shape { get; private set; } = [];

    /// <summary>Whether the model writes straight into this output's buffer.</summary>
    public bool IsPreallocated => _value is not null;

    public ReadOnlySpan<byte> Bytes => _buffer.Bytes;

    /// <summary>The model's scores as float32, to be hardened in place.</summary>
    public Span<float> Scores => Tensor.ElementType == TensorElementType.Float ? _buffer.AsSpan<float>() : _converted.AsSpan<float>();

    /// <summary>Numbers in a row: the last dimension, or for a lone dimension whatever the kind makes of it.</summary>
    public int Classes
    {
        get
        {
            if (Shape.Length == 0 || (Shape.Length == 1 && Kind == OutputKind.Regression))
            {
                return 1;
            }

            return (int)Shape[^1];
        }
    }

    /// <summary>Binds memory of this shape for the model to write into.</summary>
    public void BindBuffer(OrtIoBinding binding, long[] shape)
    {
        if (_value is not null && shape.AsSpan().SequenceEqual(Shape))
        {
            return;
        }

        Allocate(shape);
        OrtValue value = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, Tensor.ElementType, shape, _buffer.Address, _buffer.Length);
        binding.BindOutput(Tensor.Name, value);
        _value?.Dispose();
        _value = value;
    }

    /// <summary>Lets the runtime allocate the output, whose shape is known only when it is there.</summary>
    public void BindToRuntime(OrtIoBinding binding)
    {
        binding.BindOutputToDevice(Tensor.Name, OrtMemoryInfo.DefaultInstance);
        _value?.Dispose();
        _value = null;
    }

    /// <summary>Takes over an output that the runtime allocated.</summary>
    public void CopyFrom(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        Allocate(info.Shape);
        value.GetTensorMutableRawData().CopyTo(_buffer.Bytes);
    }

    /// <summary>Makes <see cref="Scores"/> of what the model wrote.</summary>
    public void Convert()
    {
        if (Tensor.ElementType != TensorElementType.Float)
        {
            int elements = _buffer.Length / ElementTypes.SizeOf(Tensor.ElementType);
            _converted.Resize(elements * sizeof(float));
            ElementTypes.ToSingle(Tensor.ElementType, _buffer.Bytes, _converted.AsSpan<float>());
            _buffer.Bytes.Clear();
        }
    }

    /// <summary>Leaves nothing of what the model wrote.</summary>
    public void Clear()
    {
        _buffer.Bytes.Clear();
        _converted.Bytes.Clear();
    }

    /// <summary>Frees what is native. The released answer stays: somebody may be reading it while the session ends.</summary>
    public void Dispose() => _value?.Dispose();

    private void Allocate(long[] shape)
    {
        long elements = 1;
        foreach (long dimension in shape)
        {
            elements = checked(elements * dimension);
        }

        _buffer.Resize(checked((int)(elements * ElementTypes.SizeOf(Tensor.ElementType))));
        Shape = shape;
    }
}
