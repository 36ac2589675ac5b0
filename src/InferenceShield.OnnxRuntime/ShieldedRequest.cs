using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>The tensors of one call: inputs set by name, released outputs read by name.</summary>
/// <remarks>Made by <see cref="ShieldedSession.CreateRequest"/>. Reuse it for call after call: with the same shapes nothing
/// is allocated. Not thread-safe: one thread at a time; different requests are independent. Outputs can be read after a
/// call that was admitted, until the next one.</remarks>
public sealed partial class ShieldedRequest : IDisposable
{
    private const long ShortCall = 10_000;
    private const int ShortCallsPerTiming = 16;

    private readonly ShieldedSession _session;
    private readonly RequestInput[] _inputs;
    private readonly RequestOutput[] _outputs;
    private readonly RunOptions _runOptions = new();
    private readonly OrtIoBinding _binding;
    private bool _outputsBound;
    private bool _completed;
    private int _timedEvery = 1;
    private int _inUse;
    private volatile bool _disposed;

    internal ShieldedRequest(ShieldedSession session, ModelSignature signature, OrtIoBinding binding)
    {
        _session = session;
        _binding = binding;
        _inputs = [.. signature.Inputs.Select(input => new RequestInput(input))];
        _outputs = [.. signature.Outputs.Select((output, index) => new RequestOutput(output, session.Shield.GetOutputKind(index)))];
    }

    /// <summary>Rows of the latest call, each of which is one query; 0 before the first.</summary>
    public int Rows { get; private set; }

    /// <summary>Whether answers to this request carry no mark: see <see cref="Admission.WithoutMarks"/>.</summary>
    /// <value>The default is <see langword="false"/>. Stays until it is set again.</value>
    public bool Unmarked { get; set; }

    internal ReadOnlySpan<RequestInput> Inputs => _inputs;

    internal ReadOnlySpan<RequestOutput> Outputs => _outputs;

    internal RequestAnswers Answers { get; } = new();

    internal RunOptions RunOptions => _runOptions;

    internal OrtIoBinding Binding => _binding;

    /// <summary>Copies an input's data into the request.</summary>
    /// <typeparam name="T">The element type: float, double, Half, Float16, BFloat16, an integer of 8 to 64 bits, or bool.</typeparam>
    /// <param name="name">The input's name in the model.</param>
    /// <param name="data">Its elements in row-major order.</param>
    /// <param name="shape">Its shape; every dimension is at least 1.</param>
    /// <exception cref="InvalidQueryException">The name, the type, the shape, the length or a value does not fit; the message says which and how.</exception>
    public void SetInput<T>(string name, ReadOnlySpan<T> data, ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(name);
        ObjectDisposedException.ThrowIf(_disposed, this);
        RequestInput input = _inputs[_session.Signature.FindInput(name)];
        if (ElementTypes.Of<T>() != input.Tensor.ElementType)
        {
            throw new InvalidQueryException($"The input {input.Tensor} takes {input.Tensor.ElementType}; it was given {typeof(T).Name}.");
        }

        if (shape is [> 0, ..] && _session.Signature.RowInput >= 0 && ReferenceEquals(input, _inputs[_session.Signature.RowInput]))
        {
            _session.Shield.CheckRows(shape[0]); // before anything grows to hold them
        }

        Take(); // the model may be reading what is there
        try
        {
            input.Set(PinnedBuffer.AsBytes(data), shape, _session.Options.NonFiniteInputs);
        }
        finally
        {
            GiveBack();
        }
    }

    /// <summary>The released answer of an output, as float32, row after row.</summary>
    /// <remarks>Valid until the next call with this request.</remarks>
    /// <exception cref="InvalidOperationException">No call has been admitted and finished since the last one began.</exception>
    /// <exception cref="ArgumentException">No such output is declared, or it is State.</exception>
    public ReadOnlySpan<float> GetOutput(string name)
    {
        RequestOutput output = CompletedOutput(name);
        return output.Kind != OutputKind.State
            ? output.Released
            : throw new ArgumentException($"The output '{name}' is State; read it with GetState.", nameof(name));
    }

    /// <summary>The shape of an output of the latest call.</summary>
    /// <exception cref="InvalidOperationException">No call has been admitted and finished since the last one began.</exception>
    public ReadOnlySpan<long> GetOutputShape(string name) => CompletedOutput(name).ReleasedShape;

    /// <summary>A state output, untouched, to be fed back by the host. Not for callers.</summary>
    /// <exception cref="InvalidOperationException">No call has been admitted and finished since the last one began.</exception>
    /// <exception cref="ArgumentException">No such output is declared as State, or it has another element type.</exception>
    public ReadOnlySpan<T> GetState<T>(string name)
        where T : unmanaged
    {
        RequestOutput output = CompletedOutput(name);
        if (output.Kind != OutputKind.State)
        {
            throw new ArgumentException($"The output '{name}' is {output.Kind}, not State; read it with GetOutput.", nameof(name));
        }

        return ElementTypes.Of<T>() == output.Tensor.ElementType
            ? PinnedBuffer.Cast<T>(output.Bytes)
            : throw new ArgumentException($"The state {output.Tensor} holds {output.Tensor.ElementType}, not {typeof(T).Name}.", nameof(name));
    }

    /// <summary>Frees the native memory, at once or when the call under way has ended.</summary>
    public void Dispose()
    {
        _disposed = true;
        if (Interlocked.CompareExchange(ref _inUse, 1, 0) == 0)
        {
            Release();
        }
    }

    internal bool BelongsTo(ShieldedSession session) => ReferenceEquals(_session, session);

    /// <summary>For how many calls the next timed one stands, itself included.</summary>
    internal int CallsToTime { get; set; } = 1;

    /// <summary>Whether this call is timed.</summary>
    internal bool IsTimed => CallsToTime >= _timedEvery;

    /// <summary>Notes how long a timed call took.</summary>
    internal void Timed(long nanoseconds)
    {
        // Two clock readings are half a percent of ten microseconds.
        CallsToTime = 1;
        _timedEvery = nanoseconds < ShortCall ? ShortCallsPerTiming : 1;
    }

    internal void BeginRun()
    {
        Take();
        _completed = false;
    }

    internal void EndRun(bool completed)
    {
        _completed = completed;
        HasContext &= !completed;
        if (!completed)
        {
            foreach (RequestOutput output in _outputs)
            {
                output.Clear();
            }
        }

        GiveBack();
    }

    /// <summary>The lone input of the short form of Run, already checked to be a float32 tensor with a row dimension.</summary>
    internal void SetLoneInput(ReadOnlySpan<byte> data, ReadOnlySpan<long> shape) =>
        _inputs[0].Set(data, shape, _session.Options.NonFiniteInputs);

    /// <summary>Checks that all inputs are there and agree, and counts the rows.</summary>
    internal void CheckInputs(ModelSignature signature)
    {
        foreach (RequestInput input in _inputs)
        {
            if (!input.IsSet)
            {
                throw new InvalidQueryException($"The input {input.Tensor} is missing. The model takes: {string.Join("; ", signature.Inputs)}.");
            }
        }

        Rows = signature.RowInput >= 0 ? (int)_inputs[signature.RowInput].Shape[0] : 1;
        for (int i = 1; i < _inputs.Length; i++)
        {
            CheckSymbols(_inputs[i]);
        }
    }

    /// <summary>Brings the native binding up to the inputs' shapes.</summary>
    /// <param name="inferShapes">Give the model memory for outputs whose shape follows from named dimensions.</param>
    /// <returns>Whether every output has such memory.</returns>
    internal bool Bind(bool inferShapes)
    {
        bool changed = !_outputsBound;
        _outputsBound = false; // until all of it has succeeded
        foreach (RequestInput input in _inputs)
        {
            changed |= input.Bind(_binding);
        }

        bool all = true;
        foreach (RequestOutput output in _outputs)
        {
            if (!changed && inferShapes && output.IsPreallocated)
            {
                continue;
            }

            if (inferShapes && TryInferShape(output.Tensor, out long[]? shape))
            {
                output.BindBuffer(_binding, shape);
            }
            else
            {
                // Each time: after a call the binding holds that call's output and would have the next one written into it.
                output.BindToRuntime(_binding);
                all = false;
            }
        }

        _outputsBound = true;
        return all;
    }

    /// <summary>Whether the model was given memory by what dimensions' names promise, which may be wrong.</summary>
    internal bool HasInferredOutputs
    {
        get
        {
            foreach (RequestOutput output in _outputs)
            {
                // A rank that the model does not state looks like that of a scalar.
                if (output.IsPreallocated && (output.Tensor.Dimensions.IsEmpty || output.Tensor.Dimensions.AsSpan().ContainsAnyInRange(long.MinValue, -1)))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Takes over what the runtime allocated itself.</summary>
    internal void CollectOutputs()
    {
        using IDisposableReadOnlyCollection<OrtValue> values = _binding.GetOutputValues();
        string[] names = _binding.GetOutputNames();
        foreach (RequestOutput output in _outputs)
        {
            if (!output.IsPreallocated)
            {
                output.CopyFrom(values[Array.IndexOf(names, output.Tensor.Name)]);
            }
        }
    }

    private void CheckSymbols(RequestInput input)
    {
        for (int dimension = 0; dimension < input.Shape.Length; dimension++)
        {
            string symbol = input.Tensor.Symbols[dimension];
            if (symbol.Length > 0 && TryResolve(symbol, out long value) && value != input.Shape[dimension])
            {
                throw new InvalidQueryException(string.Create(CultureInfo.InvariantCulture,
                    $"The dimension '{symbol}' is {input.Shape[dimension]} in the input '{input.Tensor.Name}' but {value} in an input before it. They must agree."));
            }
        }
    }

    private bool TryInferShape(ModelTensor output, [NotNullWhen(true)] out long[]? shape)
    {
        shape = new long[output.Dimensions.Length];
        for (int i = 0; i < shape.Length; i++)
        {
            long dimension = output.Dimensions[i];
            if (dimension < 0 && !TryResolve(output.Symbols[i], out dimension))
            {
                shape = null;
                return false;
            }

            shape[i] = dimension;
        }

        return true;
    }

    private bool TryResolve(string symbol, out long value)
    {
        foreach (RequestInput input in _inputs)
        {
            int dimension = symbol.Length > 0 ? input.Tensor.Symbols.IndexOf(symbol) : -1;
            if (dimension >= 0)
            {
                value = input.Shape[dimension];
                return true;
            }
        }

        value = 0;
        return false;
    }

    private RequestOutput CompletedOutput(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_completed)
        {
            throw new InvalidOperationException("There is no answer: no call with this request was admitted and finished. Check Admission.IsAdmitted first.");
        }

        return _outputs[_session.Shield.GetOutputIndex(name)];
    }

    private void Take()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Interlocked.CompareExchange(ref _inUse, 1, 0) != 0)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            throw new InvalidOperationException("This request serves another call at the moment. Use one request per concurrent call.");
        }
    }

    private void GiveBack()
    {
        // A full fence: either the disposal is seen here, or Dispose sees that nobody uses the request.
        Interlocked.Exchange(ref _inUse, 0);
        if (_disposed)
        {
            Dispose();
        }
    }

    private void Release()
    {
        foreach (RequestInput input in _inputs)
        {
            input.Dispose();
        }

        foreach (RequestOutput output in _outputs)
        {
            output.Dispose();
        }

        _binding.Dispose();
        _runOptions.Dispose();
        _session.Forget(this);
    }
}
