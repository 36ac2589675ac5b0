using InferenceShield.Samples;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>The committed classifier and images, and what the bare session answers to all of them.</summary>
public sealed class Fashion : IDisposable
{
    private readonly InferenceSession _bare;

    public Fashion()
    {
        using SessionOptions options = TestSession.Quiet();
        _bare = new InferenceSession(Model, options);
    }

    public static string Model { get; } = SampleFiles.GetModel("fashion.onnx");

    public FashionDataset Data { get; } = FashionDataset.LoadSubset();

    /// <summary>Images <paramref name="first"/> and so on, row after row.</summary>
    public ReadOnlySpan<float> Rows(int first, int count) =>
        Data.Images.Span.Slice(first * FashionDataset.PixelCount, count * FashionDataset.PixelCount);

    /// <summary>The bare session's scores for all images, asked for in batches of this size.</summary>
    public float[] Clean(string output, int batch)
    {
        using RunOptions options = new();
        float[]? all = null;
        for (int first = 0; first < Data.Count; first += batch)
        {
            int rows = Math.Min(batch, Data.Count - first);
            float[] pixels = Rows(first, rows).ToArray();
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, [rows, 1, FashionDataset.Side, FashionDataset.Side]);
            using IDisposableReadOnlyCollection<OrtValue> outputs = _bare.Run(options, ["image"], [input], [output]);
            ReadOnlySpan<float> scores = outputs[0].GetTensorDataAsSpan<float>();
            int width = scores.Length / rows;
            all ??= new float[Data.Count * width];
            scores.CopyTo(all.AsSpan(first * width));
        }

        return all!;
    }

    /// <summary>The released answers for all images, asked for in batches of this size.</summary>
    internal float[] Released(TestSession session, int width, int batch)
    {
        float[] all = new float[Data.Count * width];
        for (int first = 0; first < Data.Count; first += batch)
        {
            int rows = Math.Min(batch, Data.Count - first);
            session.Ask(Rows(first, rows), rows * width).CopyTo(all, first * width);
        }

        return all;
    }

    public void Dispose() => _bare.Dispose();
}
