using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Benchmarks.Support;

/// <summary>ONNX Runtime without a shield, used as well as its own interface allows: the baseline.</summary>
internal sealed class BareSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly RotatingRows _rows;
    private readonly OrtValue[][] _inputs;
    private readonly float[] _boundRow;
    private readonly OrtValue _boundInput;
    private readonly OrtValue[] _outputs;
    private readonly OrtIoBinding _binding;

    public BareSession(BenchmarkModel model, RotatingRows rows, SessionOptions options)
    {
        _session = new InferenceSession(model.Path, options);
        _rows = rows;
        _inputNames = [model.Input];
        _outputNames = [model.Output];
        Output = new float[model.Classes];
        _outputs = [OrtValue.CreateTensorValueFromMemory(Output, [1, model.Classes])];
        _inputs = [.. rows.All.Select(row => new[] { OrtValue.CreateTensorValueFromMemory(row, model.InputShape) })];
        _boundRow = new float[model.InputLength];
        _boundInput = OrtValue.CreateTensorValueFromMemory(_boundRow, model.InputShape);
        _binding = _session.CreateIoBinding();
        _binding.BindInput(model.Input, _boundInput);
        _binding.BindOutput(model.Output, _outputs[0]);
    }

    /// <summary>What the latest call gave.</summary>
    public float[] Output { get; }

    /// <summary>Inputs are native values over the caller's own rows, made beforehand; the output is preallocated. Nothing is copied.</summary>
    public void Run() => Run(_rows.NextIndex());

    public void Run(int row) => _session.Run(_runOptions, _inputNames, _inputs[row], _outputNames, _outputs);

    /// <summary>One binding for all calls, into whose input each row is copied.</summary>
    public void RunBound()
    {
        _rows.Next().CopyTo(_boundRow, 0);
        _session.RunWithBinding(_runOptions, _binding);
    }

    public void Dispose()
    {
        _binding.Dispose();
        _boundInput.Dispose();
        foreach (OrtValue value in _inputs.SelectMany(values => values).Concat(_outputs))
        {
            value.Dispose();
        }

        _runOptions.Dispose();
        _session.Dispose();
    }
}
