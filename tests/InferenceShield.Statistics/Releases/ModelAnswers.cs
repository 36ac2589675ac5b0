using InferenceShield.Samples;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Statistics.Releases;

/// <summary>What a committed model answers to the committed images.</summary>
internal sealed class ModelAnswers
{
    private const int Batch = 100;

    private readonly float[] _probabilities;
    private readonly byte[] _labels;

    private ModelAnswers(float[] probabilities, byte[] labels)
    {
        _probabilities = probabilities;
        _labels = labels;
    }

    public static int Classes => FashionDataset.ClassCount;

    public int Count => _labels.Length;

    public static ModelAnswers Of(string model)
    {
        FashionDataset data = FashionDataset.LoadSubset();
        using InferenceSession session = new(SampleFiles.GetModel(model));
        using RunOptions options = new();
        float[] all = new float[data.Count * Classes];
        for (int first = 0; first < data.Count; first += Batch)
        {
            float[] pixels = data.Images.Slice(first * FashionDataset.PixelCount, Batch * FashionDataset.PixelCount).ToArray();
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, [Batch, 1, FashionDataset.Side, FashionDataset.Side]);
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, ["image"], [input], ["probabilities"]);
            outputs[0].GetTensorDataAsSpan<float>().CopyTo(all.AsSpan(first * Classes));
        }

        return new ModelAnswers(all, data.Labels.ToArray());
    }

    public ReadOnlySpan<float> Answer(int row) => _probabilities.AsSpan(row * Classes, Classes);

    public int Label(int row) => _labels[row];

    /// <summary>The answers to some images, one after another.</summary>
    public float[] Answers(ReadOnlySpan<int> rows)
    {
        float[] answers = new float[rows.Length * Classes];
        for (int i = 0; i < rows.Length; i++)
        {
            Answer(rows[i]).CopyTo(answers.AsSpan(i * Classes));
        }

        return answers;
    }
}
