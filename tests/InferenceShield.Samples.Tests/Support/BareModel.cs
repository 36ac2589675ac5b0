using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Samples.Tests.Support;

/// <summary>The sample model without a shield, to compare with.</summary>
internal sealed class BareModel : IDisposable
{
    private readonly InferenceSession _session = new(SampleFiles.GetModel("fashion.onnx"));

    /// <summary>The leading class of one image.</summary>
    public int Top(ReadOnlySpan<float> image)
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(image.ToArray(), [1, 1, FashionDataset.Side, FashionDataset.Side]);
        using RunOptions options = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(options, ["image"], [input], ["probabilities"]);
        return TensorPrimitives.IndexOfMax(outputs[0].GetTensorDataAsSpan<float>());
    }

    public void Dispose() => _session.Dispose();
}
