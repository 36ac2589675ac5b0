using System.Globalization;
using System.IO.Compression;
using InferenceShield.Samples;

namespace InferenceShield.Statistics.Fingerprints;

/// <summary>The UCI letter recognition data: 20,000 rows of 16 features.</summary>
public sealed class LetterDataset
{
    /// <summary>Features of a row.</summary>
    public const int FeatureCount = 16;

    /// <summary>The committed file.</summary>
    public const string File = "letter-recognition.csv.gz";

    private readonly float[] _rows;

    private LetterDataset(float[] rows) => _rows = rows;

    /// <summary>The number of rows.</summary>
    public int Count => _rows.Length / FeatureCount;

    /// <summary>All rows, one after another.</summary>
    public ReadOnlyMemory<float> Rows => _rows;

    /// <summary>The features of one row.</summary>
    public ReadOnlySpan<float> GetRow(int index) => _rows.AsSpan(index * FeatureCount, FeatureCount);

    /// <summary>Reads the committed file.</summary>
    public static LetterDataset Load()
    {
        using FileStream file = System.IO.File.OpenRead(SampleFiles.GetData(File));
        using GZipStream unpacked = new(file, CompressionMode.Decompress);
        using StreamReader reader = new(unpacked);
        reader.ReadLine(); // column names
        List<float> rows = [];
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            string[] fields = line.Split(',');
            if (fields.Length != FeatureCount + 1)
            {
                throw new InvalidDataException($"'{File}' has a line of {fields.Length} fields; expected: {FeatureCount + 1}.");
            }

            rows.AddRange(fields.Skip(1).Select(field => float.Parse(field, CultureInfo.InvariantCulture)));
        }

        return new LetterDataset([.. rows]);
    }
}
