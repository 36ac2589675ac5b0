using System.Globalization;
using System.IO.Compression;
using InferenceShield.Samples;

namespace InferenceShield.Lab.Tests;

/// <summary>Committed data for tests.</summary>
internal static class TestData
{
    /// <summary>20,000 rows of 16 features, 26 letters, as they lie in the file.</summary>
    public static Dataset Letters()
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(SampleFiles.GetData("letter-recognition.csv.gz")), CompressionMode.Decompress));
        reader.ReadLine(); // column names
        List<float> values = [];
        List<int> labels = [];
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            string[] fields = line.Split(',');
            labels.Add(fields[0][0] - 'A');
            values.AddRange(fields.Skip(1).Select(field => float.Parse(field, CultureInfo.InvariantCulture)));
        }

        return new Dataset("letters", values.ToArray(), 16, labels.ToArray(), 26);
    }

    /// <summary>The first Fashion-MNIST images of the committed ones, pixels in 0..1.</summary>
    public static Dataset Images(int count)
    {
        FashionDataset images = FashionDataset.LoadSubset();
        return new Dataset("fashion", images.Images[..(count * FashionDataset.PixelCount)], FashionDataset.PixelCount);
    }
}
