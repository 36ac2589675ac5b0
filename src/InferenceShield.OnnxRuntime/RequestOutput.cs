using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>One declared output of a request: where the model writes it and what of it is released.</summary>
internal sealed class RequestOutput(ModelTensor tensor, OutputKind kind) : IDisposable
{
    private readonly PinnedBuffer _buffer = new();
    private readonly PinnedBuffer _converted = new();
    private readonly PinnedBuffer _released = new();
    private OrtValue? _value;
    private long[] _keptShape = [];
    private bool _isKept;
    private MarkedRow[] _marked = [];
    private int _markedRows;

    public ModelTensor Tensor { get; } = tensor;

    public OutputKind Kind { get; } = kind;

    public long[] Shape { get; private set; } = [];

    /// <summary>Whether the model writes straight into this output's buffer.</summary>
    public bool IsPreallocated => _value is not null;

    public ReadOnlySpan<byte> Bytes => _buffer.Bytes;

    /// <summary>What may be read: never the memory that the model writes into, so that nobody who still reads the answer before
    /// sees the next one's clean scores.</summary>
    public ReadOnlySpan<float> Released => _released.AsSpan<float>();

    /// <summary>The shape of what may be read.</summary>
    public ReadOnlySpan<long> ReleasedShape => _isKept ? _keptShape : Shape;

    /// <summary>The model's scores as float32. Clean: not for anybody outside.</summary>
    public ReadOnlySpan<float> Scores => Tensor.ElementType == TensorElementType.Float ? _buffer.AsSpan<float>() : _converted.AsSpan<float>();

    /// <summary>What marks did to each row of the answer, once <see cref="MakeMarked"/> has made room.</summary>
    public ReadOnlySpan<MarkedRow> Marked => _marked.AsSpan(0, _markedRows);

    /// <summary>Makes room for what marks do to each row of an answer.</summary>
    public Span<MarkedRow> MakeMarked(int rows)
    {
        if (_marked.Length < rows)
        {
            _marked = new MarkedRow[rows];
        }

        _markedRows = rows;
        _marked.AsSpan(0, rows).Clear();
        return _marked.AsSpan(0, rows);
    }

    /// <summary>Those of one input row, which has so many answers.</summary>
    public Span<MarkedRow> MarkedOf(int row, int answers) => _marked.AsSpan(0, _markedRows).Slice(row * answers, answers);

    /// <summary>Numbers in an answer: the last dimension, unless it is a lone one that counts rows.</summary>
    public int ClassesFor(int rows) =>
        Shape.Length == 0 || (Shape.Length == 1 && Kind == OutputKind.Regression && (Tensor.Dimensions is not [>= 0] || Shape[0] == rows)) ? 1 : (int)Shape[^1];

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
    public void Convert(int classes)
    {
        if (Tensor.ElementType != TensorElementType.Float)
        {
            int elements = _buffer.Length / ElementTypes.SizeOf(Tensor.ElementType);
            _converted.Resize(elements * sizeof(float));
            ElementTypes.ToSingle(Tensor.ElementType, _buffer.Bytes, _converted.AsSpan<float>());
            if (Tensor.ElementType == TensorElementType.Double && Kind is OutputKind.Logits or OutputKind.Probabilities && classes > 0)
            {
                ElementTypes.KeepLeaders(PinnedBuffer.Cast<double>(_buffer.Bytes), _converted.AsSpan<float>(), classes);
            }
        }
    }

    /// <summary>Memory for the released answer, as long as the scores.</summary>
    public Span<float> MakeReleased()
    {
        _isKept = false;
        _released.Resize(Scores.Length * sizeof(float));
        return _released.AsSpan<float>();
    }

    /// <summary>Memory for an answer of the declared shape that was released before. The model's own memory, and the shape
    /// that is bound with it, stay for the next run.</summary>
    public Span<float> MakeReleased(int rows, int length)
    {
        if (_keptShape.Length != Tensor.Dimensions.Length || (_keptShape is [long first, ..] && first != Declared(0, rows)))
        {
            _keptShape = [.. Tensor.Dimensions];
            for (int i = 0; i < _keptShape.Length; i++)
            {
                _keptShape[i] = Declared(i, rows);
            }
        }

        _isKept = true;
        _released.Resize(length * sizeof(float));
        return _released.AsSpan<float>();
    }

    /// <summary>Whether the model's answer has the declared shape, a dynamic first dimension being the rows of the call.</summary>
    public bool HasDeclaredShape(int rows)
    {
        bool same = Shape.Length == Tensor.Dimensions.Length;
        for (int i = 0; same && i < Shape.Length; i++)
        {
            same = Shape[i] == Declared(i, rows);
        }

        return same;
    }

    /// <summary>Leaves nothing of the clean scores.</summary>
    public void ClearScores()
    {
        _converted.Bytes.Clear();
        if (Kind != OutputKind.State)
        {
            _buffer.Bytes.Clear();
        }
    }

    /// <summary>Leaves nothing of what the model wrote.</summary>
    public void Clear()
    {
        _buffer.Bytes.Clear();
        _converted.Bytes.Clear();
        _released.Bytes.Clear();
    }

    /// <summary>Frees what is native. The released answer stays: somebody may be reading it while the session ends.</summary>
    public void Dispose() => _value?.Dispose();

    private long Declared(int dimension, int rows) =>
        dimension == 0 && Tensor.Dimensions[0] < 0 ? rows : Tensor.Dimensions[dimension];

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
