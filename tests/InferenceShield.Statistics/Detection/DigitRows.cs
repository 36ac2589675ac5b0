using System.Globalization;
using System.IO.Compression;
using InferenceShield.Lab;
using InferenceShield.Samples;

namespace InferenceShield.Statistics.Detection;

/// <summary>Handwritten digits as images of 28 x 28: natural, but nothing that a model of garments knows.</summary>
internal static class DigitRows
{
    private const int Side = 8;
    private const int LargeSide = 28;
    private const float Brightest = 16;

    /// <summary>All digits, enlarged; then again, moved by a pixel or two, until there are enough.</summary>
    public static Dataset Load(int count)
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "data", "digits.csv.gz")), CompressionMode.Decompress));
        List<float[]> digits = [];
        while (reader.ReadLine() is { } line)
        {
            digits.Add(Enlarge(Array.ConvertAll(line.Split(',')[..(Side * Side)], field => float.Parse(field, CultureInfo.InvariantCulture) / Brightest)));
        }

        float[] values = new float[count * LargeSide * LargeSide];
        SeededRandom random = new(seed: 1, stream: 71);
        for (int i = 0; i < count; i++)
        {
            Span<float> image = values.AsSpan(i * LargeSide * LargeSide, LargeSide * LargeSide);
            bool isFirst = i < digits.Count;
            InputChange move = new(InputChangeKind.Move, isFirst ? 0 : random.NextInt32(5) - 2, isFirst ? 0 : random.NextInt32(5) - 2);
            move.Apply(digits[i % digits.Count], image, LargeSide, [], [], ref random);
        }

        return new Dataset("digits", values, LargeSide * LargeSide);
    }

    /// <summary>Bilinear, pixel centres to pixel centres.</summary>
    private static float[] Enlarge(float[] small)
    {
        float[] large = new float[LargeSide * LargeSide];
        for (int row = 0; row < LargeSide; row++)
        {
            (int top, float down) = Locate(row);
            for (int column = 0; column < LargeSide; column++)
            {
                (int left, float right) = Locate(column);
                int at = (top * Side) + left;
                large[(row * LargeSide) + column] =
                    ((1 - down) * (((1 - right) * small[at]) + (right * small[at + 1]))) + (down * (((1 - right) * small[at + Side]) + (right * small[at + Side + 1])));
            }
        }

        return large;
    }

    private static (int Before, float Share) Locate(int pixel)
    {
        float position = Math.Clamp(((pixel + 0.5f) * Side / LargeSide) - 0.5f, 0, Side - 1);
        int before = Math.Min((int)position, Side - 2);
        return (before, position - before);
    }
}
