using InferenceShield.Samples;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Lab.Tests;

/// <summary>Committed data for tests.</summary>
internal static class TestData
{
    /// <summary>20,000 rows of 16 features, 26 letters, as they lie in the file.</summary>
    public static Dataset Letters() => LetterRows.Read();

    /// <summary>The first Fashion-MNIST images of the committed ones, pixels in 0..1.</summary>
    public static Dataset Images(int count)
    {
        FashionDataset images = FashionDataset.LoadSubset();
        return new Dataset("fashion", images.Images[..(count * FashionDataset.PixelCount)], FashionDataset.PixelCount);
    }
}
