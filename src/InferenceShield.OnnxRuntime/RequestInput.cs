using System.Globalization;
using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime;

/// <summary>One input of a request: its data, its shape, and the native value over them.</summary>
internal sealed class RequestInput(ModelTensor tensor) : IDisposable
{
    private readonly PinnedBuffer _buffer = new();
    private OrtValue? _value;
    private IntPtr _boundAddress;
    private bool _shapeChanged = true;

    public ModelTensor Tensor { get; } = tensor;

    public long[] Shape { get; private set; } = new long[tensor.Dimensions.Length];

    public bool IsSet { get; private set; }

    public ReadOnlySpan<byte> Bytes => _buffer.Bytes;

    public void Set(ReadOnlySpan<byte> data, ReadOnlySpan<long> shape, NonFiniteInputs nonFinite)
    {
        CheckShape(shape, data.Length / ElementTypes.SizeOf(Tensor.ElementType));
        if (nonFinite == NonFiniteInputs.Reject && ElementTypes.IndexOfNonFinite(Tensor.ElementType, data) is >= 0 and int index)
        {
            int width = data.Length / ElementTypes.SizeOf(Tensor.ElementType) / (int)(shape.Length > 0 ? shape[0] : 1);
            throw new InvalidQueryException(string.Create(CultureInfo.InvariantCulture,
                $"The input '{Tensor.Name}' holds NaN or infinity at row {index / width}, element {index % width}. Send finite numbers."));
        }

        IsSet = false;
        if (!shape.SequenceEqual(Shape))
        {
            shape.CopyTo(Shape);
            _shapeChanged = true;
        }

        _buffer.Resize(data.Length);
        data.CopyTo(_buffer.Bytes);
        IsSet = true;
    }

    /// <summary>Binds the data if it is not bound as it is now.</summary>
    /// <returns>Whether the shape is another one than at the call before.</returns>
    public bool Bind(OrtIoBinding binding)
    {
        bool shapeChanged = _shapeChanged;
        if (shapeChanged || _boundAddress != _buffer.Address)
        {
            OrtValue value = OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance, Tensor.ElementType, Shape, _buffer.Address, _buffer.Length);
            binding.BindInput(Tensor.Name, value);
            _value?.Dispose();
            _value = value;
            _boundAddress = _buffer.Address;
            _shapeChanged = false;
        }

        return shapeChanged;
    }

    public void Dispose() => _value?.Dispose();

    private void CheckShape(ReadOnlySpan<long> shape, int elements)
    {
        if (shape.Length != Tensor.Dimensions.Length)
        {
            throw WrongShape(shape, $"it has {shape.Length} dimensions");
        }

        long product = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] < 1 || (Tensor.Dimensions[i] >= 0 && Tensor.Dimensions[i] != shape[i]))
            {
                throw WrongShape(shape, $"dimension {i} is {shape[i]}");
            }

            product = product > int.MaxValue || shape[i] > int.MaxValue ? long.MaxValue : product * shape[i];
        }

        if (product != elements)
        {
            throw WrongShape(shape, string.Create(CultureInfo.InvariantCulture, $"that is not the {elements:N0} elements given"));
        }
    }

    private InvalidQueryException WrongShape(ReadOnlySpan<long> shape, string what) => new(
        $"The shape [{string.Join(", ", shape[..Math.Min(shape.Length, 8)].ToArray())}{(shape.Length > 8 ? ", …" : "")}] does not fit the input {Tensor}: {what}.");
}
