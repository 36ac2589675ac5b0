using InferenceShield.Lab;
using InferenceShield.Samples;
using InferenceShield.Samples.Training;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>Fashion-MNIST as rows of 784 values in 0..1.</summary>
internal static class FashionRows
{
    public static Dataset LoadTraining() => ToRows(FashionMnistFiles.LoadTraining(FashionMnistFiles.DefaultFolder));

    public static Dataset LoadTest() => ToRows(FashionMnistFiles.LoadTest(FashionMnistFiles.DefaultFolder));

    private static Dataset ToRows(FashionDataset images) =>
        new("fashion", images.Images, FashionDataset.PixelCount, Array.ConvertAll(images.Labels.ToArray(), label => (int)label), FashionDataset.ClassCount);
}
