using System.Collections.ObjectModel;

namespace InferenceShield.Samples;

/// <summary>Fashion-MNIST images as floats in 0..1, with their labels.</summary>
public sealed class FashionDataset
{
    /// <summary>Pixels along each side of an image.</summary>
    public const int Side = 28;

    /// <summary>Pixels in an image.</summary>
    public const int PixelCount = Side * Side;

    /// <summary>How many kinds of garment there are.</summary>
    public const int ClassCount = 10;

    /// <summary>The committed images: the first 2,000 of the test set.</summary>
    public const string SubsetImagesFile = "t2k-images-idx3-ubyte.gz";

    /// <summary>The labels of <see cref="SubsetImagesFile"/>.</summary>
    public const string SubsetLabelsFile = "t2k-labels-idx1-ubyte.gz";

    private readonly float[] _images;
    private readonly byte[] _labels;

    private FashionDataset(float[] images, byte[] labels)
    {
        _images = images;
        _labels = labels;
    }

    /// <summary>The name of each class, indexed by label.</summary>
    public static ReadOnlyCollection<string> ClassNames { get; } = new(
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]);

    /// <summary>The number of images.</summary>
    public int Count => _labels.Length;

    /// <summary>All images, one after another, <see cref="PixelCount"/> values in 0..1 each.</summary>
    public ReadOnlyMemory<float> Images => _images;

    /// <summary>The label of each image, 0..9.</summary>
    public ReadOnlyMemory<byte> Labels => _labels;

    /// <summary>The pixels of one image.</summary>
    public ReadOnlySpan<float> GetImage(int index) => _images.AsSpan(index * PixelCount, PixelCount);

    /// <summary>Loads the 2,000 test images that are committed with the samples.</summary>
    public static FashionDataset LoadSubset() =>
        Load(SampleFiles.GetData(SubsetImagesFile), SampleFiles.GetData(SubsetLabelsFile));

    /// <summary>Loads images and labels from a pair of IDX files.</summary>
    /// <exception cref="InvalidDataException">A file is malformed, or the two do not belong together.</exception>
    public static FashionDataset Load(string imagesPath, string labelsPath)
    {
        float[] images = LoadImages(imagesPath);
        byte[] labels = LoadLabels(labelsPath);
        if (images.Length != labels.Length * PixelCount)
        {
            throw new InvalidDataException(
                $"'{imagesPath}' holds {images.Length / PixelCount} images but '{labelsPath}' holds {labels.Length} labels.");
        }

        return new FashionDataset(images, labels);
    }

    /// <summary>Reads images and scales their bytes to 0..1.</summary>
    /// <returns>All pixels, <see cref="PixelCount"/> to an image.</returns>
    public static float[] LoadImages(string path)
    {
        IdxFile file = IdxFile.Read(path);
        if (file.Dimensions is not [_, Side, Side])
        {
            throw new InvalidDataException($"'{path}' does not hold {Side}x{Side} images.");
        }

        float[] images = new float[file.Data.Length];
        for (int i = 0; i < images.Length; i++)
        {
            images[i] = file.Data[i] / 255f;
        }

        return images;
    }

    /// <summary>Reads labels and checks that each names a class.</summary>
    public static byte[] LoadLabels(string path)
    {
        IdxFile file = IdxFile.Read(path);
        if (file.Dimensions.Length != 1 || file.Data.ContainsAnyExceptInRange((byte)0, (byte)(ClassCount - 1)))
        {
            throw new InvalidDataException($"'{path}' does not hold a list of labels 0..{ClassCount - 1}.");
        }

        return file.Data.ToArray();
    }
}
