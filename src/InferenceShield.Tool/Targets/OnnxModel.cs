using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.Tool;

/// <summary>An ONNX file with one input of floats, and its outputs of floats. Thread-safe; one thread a call.</summary>
internal sealed class OnnxModel : IDisposable
{
    private const int UsualBatch = 256;

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly string _path;
    private readonly string _input;
    private readonly int[] _shape;

    private OnnxModel(InferenceSession session, string path, string input)
    {
        _session = session;
        _path = path;
        _input = input;
        _shape = session.InputMetadata[input].Dimensions;
    }

    /// <summary>The model's inputs and outputs as the file declares them; -1 is a dimension that is open.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _session.InputMetadata;

    /// <inheritdoc cref="Inputs"/>
    public IReadOnlyDictionary<string, NodeMetadata> Outputs => _session.OutputMetadata;

    /// <summary>The outputs that hold floats.</summary>
    public IEnumerable<string> FloatOutputs => Outputs.Where(output => output.Value.ElementDataType == TensorElementType.Float).Select(output => output.Key);

    /// <summary>Values in a row of input; -1 if the file leaves it open.</summary>
    public int InputLength => _shape.Skip(1).Any(dimension => dimension < 0) ? -1 : _shape.Skip(1).Aggregate(1, (product, dimension) => product * dimension);

    /// <summary>Opens a file.</summary>
    public static OnnxModel Open(string path)
    {
        // Loads the shield's own assembly before the runtime starts, which keeps the runtime's telemetry off.
        System.Runtime.CompilerServices.RuntimeHelpers.RunModuleConstructor(typeof(ShieldedSession).Module.ModuleHandle);
        if (FileContent.Read(path).Length < 8)
        {
            throw new MistakeException($"'{path}' is too short for an ONNX file.");
        }

        InferenceSession session;
        try
        {
            using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            session = new InferenceSession(path, options);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new MistakeException($"ONNX Runtime cannot load '{path}': it is cut short, no ONNX file, or uses something this runtime lacks ({exception.Message}).");
        }

        string[] inputs = [.. session.InputMetadata.Where(input => input.Value.ElementDataType == TensorElementType.Float && input.Value.Dimensions.Length >= 2).Select(input => input.Key)];
        if (session.InputMetadata.Count == 1 && inputs.Length == 1 && ValuesOf(session.InputMetadata[inputs[0]].Dimensions) is >= 1 and <= OnnxClassifier.MostValues)
        {
            return new OnnxModel(session, path, inputs[0]);
        }

        string found = string.Join(", ", session.InputMetadata.Select(input => $"{input.Key} ({input.Value.ElementDataType}, [{string.Join(", ", input.Value.Dimensions)}])"));
        session.Dispose();
        throw new MistakeException($"'{path}' takes {found}; this tool handles one input of floats whose first dimension counts rows, of at most {OnnxClassifier.MostValues} values. Export the model with one.");
    }

    /// <summary>Runs rows.</summary>
    /// <param name="rows">Rows of <paramref name="width"/> values.</param>
    /// <param name="width">Values in a row.</param>
    /// <param name="output">The output to give back.</param>
    /// <param name="cancellationToken">Ends it between batches.</param>
    /// <returns>The output's rows, one after another.</returns>
    public float[] Run(ReadOnlySpan<float> rows, int width, string output, CancellationToken cancellationToken = default)
    {
        long[] shape = ShapeOf(width);
        int count = rows.Length / width;
        int batch = _shape[0] > 0 ? _shape[0] : UsualBatch;
        List<float> answers = [];
        for (int first = 0; first < count; first += batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int taken = Math.Min(batch, count - first);
            shape[0] = _shape[0] > 0 ? _shape[0] : taken;
            float[] values = new float[shape[0] * width]; // of a fixed batch the rest stays 0 and is not looked at
            rows.Slice(first * width, taken * width).CopyTo(values);
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(values, shape);
            using IDisposableReadOnlyCollection<OrtValue> outputs = RunOnce(input, output);
            ReadOnlySpan<float> answer = outputs[0].GetTensorDataAsSpan<float>();
            answers.AddRange(answer[..(answer.Length / (int)shape[0] * taken)]);
        }

        return [.. answers];
    }

    /// <summary>Closes the session.</summary>
    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }

    /// <summary>Values in the dimensions that are fixed; 0 if one of them is 0.</summary>
    private static double ValuesOf(int[] dimensions) => dimensions.Where(static dimension => dimension >= 0).Aggregate(1.0, static (product, dimension) => product * dimension);

    private IDisposableReadOnlyCollection<OrtValue> RunOnce(OrtValue input, string output)
    {
        try
        {
            return _session.Run(_runOptions, [_input], [input], [output]);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new MistakeException($"'{_path}' failed while running: {exception.Message}");
        }
    }

    private long[] ShapeOf(int width)
    {
        long[] shape = Array.ConvertAll(_shape, dimension => (long)dimension);
        int[] open = [.. Enumerable.Range(1, shape.Length - 1).Where(i => shape[i] < 0)];
        long known = shape.Skip(1).Where(dimension => dimension > 0).Aggregate(1L, (product, dimension) => product * dimension);
        if (open.Length > 1 || width % known != 0 || (open.Length == 0 && width != known))
        {
            throw new MistakeException($"Rows of the data have {width} values; the model takes [{string.Join(", ", _shape)}], which is {(open.Length > 1 ? "open in more than one place" : known + " values a row")}. Give data of the model's shape.");
        }

        if ((double)shape[0] * width > OnnxClassifier.MostValues)
        {
            throw new MistakeException($"'{_path}' takes {shape[0]} rows in a run, with {width} values each: more than {OnnxClassifier.MostValues} values. Export it with an open first dimension.");
        }

        if (open.Length == 1)
        {
            shape[open[0]] = width / known;
        }

        return shape;
    }
}
