using System.Numerics.Tensors;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.Lab;

/// <summary>An ONNX model with one input of floats as a classifier: a target to be stolen, or a saved surrogate.</summary>
/// <remarks>
/// The first dimension of the input is the batch, free or fixed; all others must be fixed, and a row of input holds their values
/// one after another. The runtime's own telemetry stays off. Thread-safe.
/// </remarks>
public sealed class OnnxClassifier : IClassifier, IDisposable
{
    /// <summary>Values that one run may take: a gibibyte. A file can ask for any number.</summary>
    internal const int MostValues = 1 << 28;

    private const int Batch = 256;
    private const int ProbeRows = 16;
    private const float SumTolerance = 1e-3f;

    private readonly string _path;
    private readonly InferenceSession _session;
    private readonly string _input;
    private readonly long[] _shape;
    private readonly int? _fixedBatch;
    private readonly int _rowsPerRun;

    /// <summary>Loads a model and asks it a few random rows, to see what it answers.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="output">
    /// The output to read; null for the only one of floats, or else the only one whose name begins with "prob", or else with "logit".
    /// </param>
    /// <param name="kind">
    /// <see cref="OutputKind.Probabilities"/>, <see cref="OutputKind.Logits"/> (softmax is applied to them), or null to
    /// decide: probabilities if all probed answers are at least 0 and sum to 1.
    /// </param>
    /// <param name="threads">Threads that one call may use, at least 1.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ArgumentException">The model is none, has no such output, or has inputs or outputs of another shape or type.</exception>
    public OnnxClassifier(string path, string? output = null, OutputKind? kind = null, int threads = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (kind is not (null or OutputKind.Logits or OutputKind.Probabilities))
        {
            throw new ArgumentException($"A classifier reads Probabilities or Logits, not {kind}.", nameof(kind));
        }

        _path = path;
        _session = Load(path, threads);
        try
        {
            (_input, _shape) = FindInput();
            _fixedBatch = _shape[0] > 0 ? (int)_shape[0] : null;
            InputLength = RequireLength();
            _rowsPerRun = Math.Clamp(MostValues / InputLength, 1, Batch);
            Output = output is null ? ChooseOutput() : RequireOutput(output);
            int probeRows = Math.Min(ProbeRows, _rowsPerRun);
            float[] probe = new float[probeRows * InputLength];
            SeededRandom random = new(seed: 1, stream: 0);
            foreach (ref float value in probe.AsSpan(InputLength)) // the first row stays black
            {
                value = (random.NextSigned() + 1f) / 2f;
            }

            float[] answers = Run(probe, probeRows, null, out int classCount);
            ClassCount = classCount;
            Kind = kind ?? (AreProbabilities(answers, classCount) ? OutputKind.Probabilities : OutputKind.Logits);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int ClassCount { get; }

    /// <summary>The output that is read.</summary>
    public string Output { get; }

    /// <summary>What that output holds: <see cref="OutputKind.Probabilities"/> or <see cref="OutputKind.Logits"/>.</summary>
    public OutputKind Kind { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The inputs are no whole number of rows, or there is no room for their answers.</exception>
    /// <exception cref="ExtractionException">The model answered a value that is not finite, or failed.</exception>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        (int rows, int rest) = Math.DivRem(inputs.Length, InputLength);
        if (rest != 0 || probabilities.Length < rows * ClassCount)
        {
            throw new ArgumentException(
                $"{inputs.Length} values of input and room for {probabilities.Length} probabilities do not fit rows of {InputLength} values and {ClassCount} classes.", nameof(inputs));
        }

        for (int first = 0; first < rows; first += _rowsPerRun)
        {
            int count = Math.Min(_rowsPerRun, rows - first);
            float[] answers = Run(inputs.Slice(first * InputLength, count * InputLength), count, ClassCount, out _);
            int bad = answers.AsSpan().IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
            if (bad >= 0)
            {
                throw new ExtractionException($"The model '{_path}' answered row {first + (bad / ClassCount)} with a value that is not finite at class {bad % ClassCount} of output '{Output}'.");
            }

            Span<float> target = probabilities.Slice(first * ClassCount, answers.Length);
            if (Kind == OutputKind.Probabilities)
            {
                answers.CopyTo(target);
                continue;
            }

            for (int i = 0; i < answers.Length; i += ClassCount)
            {
                Span<float> logits = answers.AsSpan(i, ClassCount);
                TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), logits); // no exponential overflows
                TensorPrimitives.SoftMax(logits, target.Slice(i, ClassCount));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static InferenceSession Load(string path, int threads)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"The model file '{path}' does not exist.", path);
        }

        RuntimeTelemetry.Apply(allow: false);
        // What goes wrong is thrown; the runtime would print it too, with names from the file as they are.
        using SessionOptions options = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            return new InferenceSession(path, options);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ArgumentException($"ONNX Runtime cannot load the model file '{path}': it is cut short, not ONNX, or uses something this runtime lacks. See the inner exception.", nameof(path), exception);
        }
    }

    private static bool AreProbabilities(ReadOnlySpan<float> answers, int classCount)
    {
        for (int i = 0; i < answers.Length; i += classCount)
        {
            ReadOnlySpan<float> row = answers.Slice(i, classCount);
            if (!(TensorPrimitives.Min(row) >= -SumTolerance && MathF.Abs(TensorPrimitives.Sum(row) - 1f) <= SumTolerance))
            {
                return false;
            }
        }

        return true;
    }

    private (string Name, long[] Shape) FindInput()
    {
        if (_session.InputMetadata.Count != 1)
        {
            throw new ArgumentException($"The model '{_path}' has {_session.InputMetadata.Count} inputs ({string.Join(", ", _session.InputMetadata.Keys)}); a classifier has one.");
        }

        (string name, NodeMetadata metadata) = _session.InputMetadata.Single();
        if (!metadata.IsTensor || metadata.ElementDataType != TensorElementType.Float)
        {
            throw new ArgumentException($"Input '{name}' of the model '{_path}' is no tensor of float.");
        }

        long[] shape = [.. metadata.Dimensions.Select(static size => (long)size)];
        if (shape.Length < 2 || shape[0] == 0 || shape.AsSpan(1).ContainsAnyInRange(long.MinValue, 0))
        {
            throw new ArgumentException(
                $"Input '{name}' of the model '{_path}' has the shape [{DescribeShape(shape)}]; it must be a batch and one or more fixed sizes.");
        }

        return (name, shape);
    }

    private int RequireLength()
    {
        double values = _shape.Skip(1).Aggregate(1.0, static (product, size) => product * size);
        return values * (_fixedBatch ?? 1) <= MostValues
            ? (int)values
            : throw new ArgumentException($"Input '{_input}' of the model '{_path}' has the shape [{DescribeShape(_shape)}]: a run would take more than {MostValues} values.");
    }

    private static string DescribeShape(IEnumerable<long> shape) => string.Join(", ", shape.Select(static size => size < 0 ? "free" : $"{size}"));

    private string ChooseOutput()
    {
        string[] names = [.. _session.OutputMetadata.Where(static pair => IsFloat(pair.Value)).Select(static pair => pair.Key)];
        if (names.Length == 1)
        {
            return names[0];
        }

        foreach (string start in (ReadOnlySpan<string>)["prob", "logit"])
        {
            string[] named = [.. names.Where(name => name.StartsWith(start, StringComparison.OrdinalIgnoreCase))];
            if (named.Length == 1)
            {
                return named[0];
            }
        }

        throw new ArgumentException($"The model '{_path}' has {names.Length} outputs of floats; name the one to read: {DescribeOutputs()}.");
    }

    private string RequireOutput(string name) => _session.OutputMetadata.TryGetValue(name, out NodeMetadata? metadata)
        ? IsFloat(metadata) ? name : throw new ArgumentException($"Output '{name}' of the model '{_path}' is no tensor of float.", nameof(name))
        : throw new ArgumentException($"The model '{_path}' has no output '{name}'; it has {DescribeOutputs()}.", nameof(name));

    private string DescribeOutputs() => string.Join(", ", _session.OutputMetadata.Keys.Select(static key => $"'{key}'"));

    private static bool IsFloat(NodeMetadata metadata) => metadata.IsTensor && metadata.ElementDataType == TensorElementType.Float;

    /// <summary>Answers to some rows, in runs of the fixed batch where the model has one; its last run is filled up with zeros.</summary>
    private float[] Run(ReadOnlySpan<float> rows, int count, int? classCount, out int found)
    {
        int batch = _fixedBatch ?? count;
        long[] shape = [batch, .. _shape.AsSpan(1)];
        float[] values = new float[batch * InputLength];
        float[] answers = [];
        found = classCount ?? 0;
        for (int first = 0; first < count; first += batch)
        {
            int own = Math.Min(batch, count - first);
            rows.Slice(first * InputLength, own * InputLength).CopyTo(values);
            values.AsSpan(own * InputLength).Clear();
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(values, shape);
            using RunOptions options = new();
            using IDisposableReadOnlyCollection<OrtValue> outputs = Run(options, input);
            ReadOnlySpan<float> answer = outputs[0].GetTensorDataAsSpan<float>();
            if (found == 0)
            {
                found = RequireClasses(answer.Length, batch, outputs[0].GetTensorTypeAndShape().Shape);
            }

            if (answer.Length != batch * found)
            {
                throw new ExtractionException($"Output '{Output}' of the model '{_path}' has {answer.Length} values for {batch} rows of {found} classes.");
            }

            answers = answers.Length == 0 ? new float[count * found] : answers;
            answer[..(own * found)].CopyTo(answers.AsSpan(first * found));
        }

        return answers;
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(RunOptions options, OrtValue input)
    {
        try
        {
            return _session.Run(options, [_input], [input], [Output]);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ExtractionException($"The model '{_path}' failed on {_shape.Length}-dimensional input '{_input}'. See the inner exception.", exception);
        }
    }

    private int RequireClasses(int values, int batch, long[] shape)
    {
        if (shape.Length < 2 || shape[0] != batch || values / batch is < 2 or > CleanAnswers.MaximumClasses)
        {
            throw new ArgumentException($"Output '{Output}' of the model '{_path}' has the shape [{string.Join(", ", shape)}] for {batch} rows; a classifier answers each row with 2 to {CleanAnswers.MaximumClasses} classes.");
        }

        return values / batch;
    }
}
