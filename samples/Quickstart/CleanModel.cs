using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Samples.Quickstart;

/// <summary>The model without a shield: what the operator can see and callers must not.</summary>
internal sealed class CleanModel : IDisposable
{
    private static readonly string[] s_inputs = ["image"];
    private static readonly string[] s_outputs = ["probabilities"];

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly float[] _image = new float[FashionDataset.PixelCount];
    private readonly float[] _scores = new float[FashionDataset.ClassCount];
    private readonly OrtValue[] _inputValues;
    private readonly OrtValue[] _outputValues;

    public CleanModel(string path, SessionOptions options)
    {
        _session = new InferenceSession(path, options);
        _inputValues = [OrtValue.CreateTensorValueFromMemory(_image, [1, 1, FashionDataset.Side, FashionDataset.Side])];
        _outputValues = [OrtValue.CreateTensorValueFromMemory(_scores, [1, FashionDataset.ClassCount])];
    }

    /// <summary>The scores, with outputs preallocated: the fastest way of ONNX Runtime's usual Run.</summary>
    public ReadOnlySpan<float> Run(ReadOnlySpan<float> image)
    {
        image.CopyTo(_image);
        _session.Run(_runOptions, s_inputs, _inputValues, s_outputs, _outputValues);
        return _scores;
    }

    public void Dispose()
    {
        _inputValues[0].Dispose();
        _outputValues[0].Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }
}
