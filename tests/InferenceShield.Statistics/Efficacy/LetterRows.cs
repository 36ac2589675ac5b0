using System.Globalization;
using System.IO.Compression;
using System.Numerics.Tensors;
using InferenceShield.Lab;
using InferenceShield.Samples;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>The UCI letter recognition data, and what is made of it.</summary>
internal static class LetterRows
{
    /// <summary>Into how many styles each letter is split: 26 x 4 = 104 classes.</summary>
    public const int Styles = 4;

    private const int Features = 16;
    private const int LetterCount = 26;
    private const int Rounds = 25;

    /// <summary>20,000 rows of 16 features, as they lie in the file.</summary>
    public static Dataset Read()
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

        return new Dataset("letters", values.ToArray(), Features, labels.ToArray(), LetterCount);
    }

    /// <summary>The same, each feature standardised.</summary>
    public static Dataset Load()
    {
        Dataset letters = Read();
        float[] rows = letters.Values.ToArray();
        for (int feature = 0; feature < Features; feature++)
        {
            float[] column = [.. Enumerable.Range(0, letters.Count).Select(row => rows[(row * Features) + feature])];
            float mean = TensorPrimitives.Average<float>(column);
            float spread = TensorPrimitives.StdDev<float>(column);
            for (int row = 0; row < letters.Count; row++)
            {
                rows[(row * Features) + feature] = (column[row] - mean) / spread;
            }
        }

        return new Dataset(letters.Name, rows, Features, letters.Labels, LetterCount);
    }

    /// <summary>Rows, then copies of them with noise of .1 of each feature's spread: what a thief asks who has run out of inputs.</summary>
    public static Dataset Jitter(Dataset rows, int copies, ulong seed)
    {
        float[] values = new float[rows.Values.Length * (1 + copies)];
        int[] labels = new int[rows.Count * (1 + copies)];
        SeededRandom random = new(seed, stream: 12);
        for (int copy = 0; copy <= copies; copy++)
        {
            Span<float> into = values.AsSpan(copy * rows.Values.Length, rows.Values.Length);
            rows.Values.Span.CopyTo(into);
            rows.Labels.Span.CopyTo(labels.AsSpan(copy * rows.Count));
            foreach (ref float value in copy == 0 ? [] : into)
            {
                value += 0.1f * (float)random.NextGaussian();
            }
        }

        return new Dataset(rows.Name, values, rows.Width, labels, rows.ClassCount);
    }

    /// <summary>Each class cut into styles by k-means of its rows: many classes, of which some are hard to tell apart.</summary>
    public static Dataset SplitIntoStyles(Dataset rows, int styles)
    {
        int[] labels = new int[rows.Count];
        for (int letter = 0; letter < rows.ClassCount; letter++)
        {
            int[] own = [.. Enumerable.Range(0, rows.Count).Where(row => rows.Labels.Span[row] == letter)];
            int[] style = Cluster(rows, own, styles);
            for (int i = 0; i < own.Length; i++)
            {
                labels[own[i]] = (letter * styles) + style[i];
            }
        }

        return new Dataset("letter styles", rows.Values, rows.Width, labels, rows.ClassCount * styles);
    }

    /// <summary>Lloyd's algorithm from evenly spaced rows.</summary>
    private static int[] Cluster(Dataset rows, int[] own, int clusters)
    {
        float[][] centres = [.. Enumerable.Range(0, clusters).Select(cluster => rows.GetRow(own[cluster * own.Length / clusters]).ToArray())];
        int[] nearest = new int[own.Length];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < own.Length; i++)
            {
                int row = own[i];
                nearest[i] = Enumerable.Range(0, clusters).MinBy(cluster => TensorPrimitives.Distance(rows.GetRow(row), centres[cluster]));
            }

            for (int cluster = 0; cluster < clusters; cluster++)
            {
                int[] members = [.. own.Where((_, i) => nearest[i] == cluster)];
                if (members.Length > 0)
                {
                    centres[cluster].AsSpan().Clear();
                    foreach (int row in members)
                    {
                        TensorPrimitives.Add(centres[cluster], rows.GetRow(row), centres[cluster]);
                    }

                    TensorPrimitives.Divide(centres[cluster], members.Length, centres[cluster]);
                }
            }
        }

        return nearest;
    }
}
