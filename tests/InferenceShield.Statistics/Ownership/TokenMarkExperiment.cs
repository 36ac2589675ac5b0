using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Marks of tokens in texts of a source with random weights: z against length, temperature and strength beside the published
/// formulas, what edits leave of it, and how often an unmarked text seems marked.</summary>
internal static class TokenMarkExperiment
{
    private const int Texts = 40;
    private const int NullTexts = 100;
    private const int NullKeys = 50;
    private const int NullLength = 200;
    private const int NullSeeds = 4;

    public static void Run()
    {
        using ResultFile file = new(
            "ownership-tokens.csv",
            $"Marks of tokens on texts of a random-weight source of {RandomWeightTokens.Vocabulary} tokens, seeded; theory is z of the score that the formulas give for other random keys on the same logits; low and high: 95 % interval of the mean z. Unmarked: 5,000 pairs of a text and a random key for each seed, and distance is that of Kolmogorov and Smirnov",
            "mark,temperature,length,edit,texts,scored,z,low,high,theory,ratio,share_z_above_4,share_p_below_01,distance,distance_p");
        RandomWeightTokens source = new(seed: 1);
        foreach ((string name, Func<ulong, TokenMarkUnderTest> make) in Marks())
        {
            foreach (double temperature in (double[])[0.7, 1])
            {
                foreach (int length in (int[])[50, 200, 500])
                {
                    Write(file, source, name, make, temperature, length);
                }
            }

            if (!name.Contains("bias 1", StringComparison.Ordinal) && !name.Contains("bias 4", StringComparison.Ordinal)) // without a mark, the bias is nothing
            {
                for (int seed = 1; seed <= NullSeeds; seed++)
                {
                    WriteUnmarked(file, source, name, make, seed);
                }
            }
        }
    }

    private static IEnumerable<(string Name, Func<ulong, TokenMarkUnderTest> Make)> Marks()
    {
        foreach (double bias in (double[])[1, 2, 4])
        {
            yield return ($"green list .25 bias {bias} by token before", seed => new TokenMarkUnderTest(new GreenListMarkOptions { SelfHash = false, Bias = bias }, seed));
        }

        yield return ("green list .5 bias 2 by token before", seed => new TokenMarkUnderTest(new GreenListMarkOptions { SelfHash = false, Share = 0.5 }, seed));
        foreach (double bias in (double[])[2, 4])
        {
            yield return ($"green list .25 bias {bias} by own hash", seed => new TokenMarkUnderTest(new GreenListMarkOptions { Bias = bias }, seed));
        }

        yield return ("tournament of 30 rounds", seed => new TokenMarkUnderTest(new TournamentMarkOptions(), seed));
        yield return ("tournament of 10 rounds", seed => new TokenMarkUnderTest(new TournamentMarkOptions { Layers = 10 }, seed));
    }

    private static void Write(ResultFile file, RandomWeightTokens source, string name, Func<ulong, TokenMarkUnderTest> make, double temperature, int length)
    {
        TokenMarkUnderTest[] marks = [.. Enumerable.Range(0, Texts).Select(text => make((ulong)text))];
        TokenMarkText[] texts = [.. marks.Select((mark, text) => TokenMarkText.Sample(source, mark, make((ulong)(1000 + text)), length, temperature, (ulong)text))];
        double theory = texts.Zip(marks, (text, mark) => (text.ExpectedScore - mark.Mean) / Math.Sqrt(mark.Variance / text.Scored)).Average();
        WriteRow(file, name, temperature, length, "none", Detect(texts, marks, (text, _) => text), theory);
        if (temperature != 1 || length != 200)
        {
            return;
        }

        foreach (double share in (double[])[0.1, 0.2, 0.3, 0.5])
        {
            WriteRow(file, name, temperature, length, $"{share:P0} replaced", Detect(texts, marks, (text, index) => TokenMarkText.Substitute(text, share, (ulong)index)), double.NaN);
        }

        WriteRow(file, name, temperature, length, "middle half kept", Detect(texts, marks, (text, _) => text[(text.Length / 4)..(text.Length * 3 / 4)]), double.NaN);
        WriteRow(
            file, name, temperature, length, "between 400 and 400 unmarked, best window",
            [.. texts.Zip(marks, (text, mark) => mark.Watermark.DetectWindow([.. Pad(source, 31), .. text.Tokens, .. Pad(source, 32)], length))], double.NaN);
    }

    private static TokenDetection[] Detect(TokenMarkText[] texts, TokenMarkUnderTest[] marks, Func<int[], int, int[]> edit) =>
        [.. texts.Select((text, index) => marks[index].Watermark.Detect(edit(text.Tokens[(TokenMarkText.Start - marks[index].Watermark.ContextLength)..], index)))];

    private static int[] Pad(RandomWeightTokens source, ulong seed) => TokenMarkText.Sample(source, null, null, 392, 1, seed).Tokens;

    private static void WriteRow(ResultFile file, string name, double temperature, int length, string edit, TokenDetection[] found, double theory)
    {
        double[] z = [.. found.Select(detection => detection.Z)];
        Interval interval = Interval.OfRuns(z);
        file.Write(
            name, temperature, length, edit, found.Length, found.Average(detection => detection.Tokens), interval.Mean, interval.Low!, interval.High!, theory, interval.Mean / theory,
            z.Count(value => value > 4) / (double)z.Length, found.Count(detection => detection.PValue < 0.01) / (double)z.Length, double.NaN, double.NaN);
    }

    private static void WriteUnmarked(ResultFile file, RandomWeightTokens source, string name, Func<ulong, TokenMarkUnderTest> make, int seed)
    {
        List<TokenDetection> found = [];
        List<double> uniform = [];
        ulong first = (ulong)seed * 100_000; // of texts and keys, which no other seed has
        SeededRandom random = new((ulong)seed, stream: 705);
        for (int text = 0; text < NullTexts; text++)
        {
            int[] tokens = TokenMarkText.Sample(source, null, null, NullLength, 1, first + 3000 + (ulong)text).Tokens;
            for (int i = 0; i < NullKeys; i++)
            {
                // A key for each: under one key, texts with the same tokens are not independent.
                TokenMarkUnderTest mark = make(first + 10_000 + (ulong)((text * NullKeys) + i));
                TokenDetection detection = mark.Watermark.Detect(tokens);
                found.Add(detection);

                // Of a whole number of green tokens, p is made continuous by a random share of its last step.
                double next = mark.GreenList is { } list ? HeadsTail.Of((long)Math.Round(detection.Score * detection.Tokens) + 1, detection.Tokens, list.Share) : detection.PValue;
                uniform.Add(next + (random.NextShare() * (detection.PValue - next)));
            }
        }

        (double distance, double p) = KolmogorovSmirnov(uniform);
        Interval z = Interval.OfRuns([.. found.Select(detection => detection.Z)]);
        file.Write(
            name, 1, NullLength, $"unmarked, seed {seed}", found.Count, found.Average(detection => detection.Tokens), z.Mean, z.Low!, z.High!, 0, double.NaN,
            found.Count(detection => detection.Z > 4) / (double)found.Count, found.Count(detection => detection.PValue < 0.01) / (double)found.Count, distance, p);
    }

    /// <summary>The greatest distance from the uniform distribution, and its p-value by Kolmogorov's series.</summary>
    internal static (double Distance, double PValue) KolmogorovSmirnov(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        double distance = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            distance = Math.Max(distance, Math.Max(sorted[i] - ((double)i / sorted.Length), ((i + 1.0) / sorted.Length) - sorted[i]));
        }

        double root = Math.Sqrt(sorted.Length);
        double lambda = (root + 0.12 + (0.11 / root)) * distance;
        double p = 0;
        for (int k = 1; k <= 100; k++)
        {
            p += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2 * k * k * lambda * lambda);
        }

        return (distance, Math.Clamp(p, 0, 1));
    }
}
