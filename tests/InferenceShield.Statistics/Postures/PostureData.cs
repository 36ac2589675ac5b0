using System.Globalization;
using System.IO.Compression;
using InferenceShield.Samples;
using InferenceShield.Lab;
using InferenceShield.Samples.Training;

namespace InferenceShield.Statistics.Postures;

/// <summary>Rows to train a model on, to learn releases on, and to measure on: none of them twice.</summary>
/// <param name="Name">Of the data.</param>
/// <param name="Classes">Labels.</param>
/// <param name="Train">For the model.</param>
/// <param name="Learn">For what is learned of benign answers.</param>
/// <param name="Measure">For the figures.</param>
/// <param name="NearDuplicate">By how much of an input's spread a near-duplicate is off.</param>
internal sealed record PostureData(string Name, int Classes, LabeledRows Train, LabeledRows Learn, LabeledRows Measure, double NearDuplicate)
{
    private const int LetterTrain = 10_000;
    private const int LetterLearn = 1_500;
    private const int LetterMeasure = 3_500;
    private const int FashionTrain = 40_000;
    private const int FashionLearn = 3_000;
    private const int FashionMeasure = 7_000;
    private const int Pooled = FashionDataset.Side / 2;

    /// <summary>16 features of letters, 26 classes: 10,000 rows to train on, 1,500 and 3,500 others.</summary>
    public static PostureData Letter(ulong seed)
    {
        LabeledRows all = ReadLetters();
        int[] order = Order(all.Count, seed);
        LabeledRows train = all.Take(order.AsSpan(0, LetterTrain));
        for (int feature = 0; feature < all.Features; feature++)
        {
            Standardize(all, train, feature, all.Features);
        }

        return new PostureData("letter", 26, all.Take(order.AsSpan(0, LetterTrain)), all.Take(order.AsSpan(LetterTrain, LetterLearn)),
            all.Take(order.AsSpan(LetterTrain + LetterLearn, LetterMeasure)), 0.1);
    }

    /// <summary>All letters as they lie in the file.</summary>
    public static LabeledRows ReadLetters()
    {
        const int Features = 16;
        using FileStream file = File.OpenRead(SampleFiles.GetData("letter-recognition.csv.gz"));
        using GZipStream unpacked = new(file, CompressionMode.Decompress);
        using StreamReader reader = new(unpacked);
        reader.ReadLine(); // column names
        List<float> values = [];
        List<int> labels = [];
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            string[] fields = line.Split(',');
            labels.Add(fields[0][0] - 'A');
            values.AddRange(fields.Skip(1).Select(field => float.Parse(field, CultureInfo.InvariantCulture)));
        }

        return new LabeledRows([.. values], [.. labels], Features);
    }

    /// <summary>Fashion-MNIST at 14x14: 40,000 training images, and the 10,000 test images as 3,000 and 7,000.</summary>
    public static PostureData Fashion(ulong seed)
    {
        LabeledRows train = Pool(FashionMnistFiles.LoadTraining(FashionMnistFiles.DefaultFolder));
        LabeledRows test = Pool(FashionMnistFiles.LoadTest(FashionMnistFiles.DefaultFolder));
        train = train.Take(Order(train.Count, seed).AsSpan(0, FashionTrain));
        Standardize(test, train, 0, 1);
        Standardize(train, train, 0, 1);
        int[] order = Order(test.Count, seed);
        return new PostureData("fashion 14x14", FashionDataset.ClassCount, train, test.Take(order.AsSpan(0, FashionLearn)),
            test.Take(order.AsSpan(FashionLearn, FashionMeasure)), 0.15);
    }

    private static int[] Order(int count, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        SeededRandom random = new(seed, stream: 99);
        random.Shuffle(order);
        return order;
    }

    /// <summary>Mean 0 and spread 1, by the rows trained on: of every <paramref name="step"/>-th value from <paramref name="first"/> on.</summary>
    private static void Standardize(LabeledRows rows, LabeledRows by, int first, int step)
    {
        double sum = 0;
        double squares = 0;
        int count = 0;
        for (int i = first; i < by.Values.Length; i += step)
        {
            sum += by.Values[i];
            squares += (double)by.Values[i] * by.Values[i];
            count++;
        }

        double mean = sum / count;
        double spread = Math.Sqrt((squares / count) - (mean * mean));
        for (int i = first; i < rows.Values.Length; i += step)
        {
            rows.Values[i] = (float)((rows.Values[i] - mean) / spread);
        }
    }

    private static LabeledRows Pool(FashionDataset data)
    {
        float[] values = new float[data.Count * Pooled * Pooled];
        for (int image = 0; image < data.Count; image++)
        {
            ReadOnlySpan<float> pixels = data.GetImage(image);
            for (int i = 0; i < Pooled * Pooled; i++)
            {
                int corner = (i / Pooled * 2 * FashionDataset.Side) + (i % Pooled * 2);
                values[(image * Pooled * Pooled) + i] = (pixels[corner] + pixels[corner + 1] + pixels[corner + FashionDataset.Side] + pixels[corner + FashionDataset.Side + 1]) / 4;
            }
        }

        return new LabeledRows(values, [.. data.Labels.ToArray().Select(label => (int)label)], Pooled * Pooled);
    }
}
