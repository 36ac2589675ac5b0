namespace InferenceShield.Samples.Training;

/// <summary>The full data set as Zalando publishes it: four files in one folder.</summary>
internal static class FashionMnistFiles
{
    /// <summary>Where the Debian package dataset-fashion-mnist puts the files.</summary>
    public const string DefaultFolder = "/usr/share/datasets/fashion-mnist";

    /// <summary>The 60,000 training images.</summary>
    public static FashionDataset LoadTraining(string folder) => Load(folder, "train");

    /// <summary>The 10,000 test images.</summary>
    public static FashionDataset LoadTest(string folder) => Load(folder, "t10k");

    /// <summary>Writes the first images of the test set and their labels as a pair of gzipped IDX files.</summary>
    public static void WriteSubset(string folder, int count)
    {
        string target = Path.Combine(SampleFiles.FindRoot(), "samples", "data");
        Directory.CreateDirectory(target);
        (string imagesPath, string labelsPath) = Find(folder, "t10k");
        IdxFile images = IdxFile.Read(imagesPath);
        IdxFile labels = IdxFile.Read(labelsPath);
        IdxFile.WriteGzip(
            Path.Combine(target, FashionDataset.SubsetImagesFile),
            [count, FashionDataset.Side, FashionDataset.Side],
            images.Data[..(count * FashionDataset.PixelCount)]);
        IdxFile.WriteGzip(Path.Combine(target, FashionDataset.SubsetLabelsFile), [count], labels.Data[..count]);
    }

    private static FashionDataset Load(string folder, string part)
    {
        (string images, string labels) = Find(folder, part);
        return FashionDataset.Load(images, labels);
    }

    private static (string Images, string Labels) Find(string folder, string part)
    {
        string images = Path.Combine(folder, $"{part}-images-idx3-ubyte.gz");
        string labels = Path.Combine(folder, $"{part}-labels-idx1-ubyte.gz");
        foreach (string path in (ReadOnlySpan<string>)[images, labels])
        {
            if (!File.Exists(path))
            {
                throw new FileNotFoundException(
                    $"'{path}' does not exist. On Debian or Ubuntu run 'apt-get install dataset-fashion-mnist'; elsewhere download the "
                    + "four files of github.com/zalandoresearch/fashion-mnist and name their folder with --data.",
                    path);
            }
        }

        return (images, labels);
    }
}
