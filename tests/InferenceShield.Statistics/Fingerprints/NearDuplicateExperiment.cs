using System.Globalization;
using InferenceShield.Samples;

namespace InferenceShield.Statistics.Fingerprints;

/// <summary>Near-duplicate fingerprints: the share of perturbed inputs that match their original, and of unlike inputs that match.</summary>
internal static class NearDuplicateExperiment
{
    private const int Secrets = 8;
    private const int Inputs = 250;

    private static readonly (int Window, double Step)[] s_letterSetups = [(2, 0.5), (2, 1), (4, 0.5), (4, 1)];

    public static IEnumerable<string> Detection()
    {
        yield return "data,options,perturbation,size,matched,mean_overlap";
        FashionDataset fashion = FashionDataset.LoadSubset();
        foreach (int window in (int[])[12, 20])
        {
            NearDuplicateOptions options = new() { WindowLength = window };
            string name = $"window{window}_step50";
            foreach (int spread in (int[])[1, 2, 4, 8, 16])
            {
                yield return Line("fashion", name, "gaussian_of_255", spread, options, i => fashion.GetImage(i).ToArray(), (image, random) => Noise(image, spread, random));
            }

            foreach (int side in (int[])[4, 8, 12, 16])
            {
                yield return Line("fashion", name, "patch_side_replaced", side, options, i => fashion.GetImage(i).ToArray(), (image, random) => Patch(image, side, random));
            }

            foreach (int step in (int[])[2, 5, 10, 20])
            {
                yield return Line("fashion", name, "brighter_by_of_255", step, options, i => fashion.GetImage(i).ToArray(), (image, _) => Array.ConvertAll(image, value => Math.Min(1, value + (step / 255f))));
            }
        }

        LetterDataset letters = LetterDataset.Load();
        foreach ((int window, double step) in s_letterSetups)
        {
            NearDuplicateOptions options = LetterOptions(letters, window, step);
            string name = LetterName(window, step);
            foreach (int features in (int[])[1, 2, 3, 4, 8])
            {
                yield return Line("letters", name, "features_replaced", features, options, i => letters.GetRow(i).ToArray(), (row, random) => Replace(row, features, letters, random));
            }

            foreach (double spread in (double[])[0.02, 0.05, 0.1, 0.2])
            {
                yield return Line("letters", name, "gaussian_of_feature_sd", spread, options, i => letters.GetRow(i).ToArray(), (row, random) => FeatureNoise(row, spread, options, random));
            }
        }
    }

    public static IEnumerable<string> Confusion()
    {
        yield return "data,options,inputs,secret,share_matching_an_earlier_input,share_after_exact_repeats_removed";
        FashionDataset fashion = FashionDataset.LoadSubset();
        LetterDataset letters = LetterDataset.Load();
        for (int number = 0; number < Secrets; number++)
        {
            yield return Confused("fashion", "window12_step50", number, new NearDuplicateOptions { WindowLength = 12 }, fashion.Count, i => fashion.GetImage(i).ToArray());
            yield return Confused("fashion", "window20_step50", number, new NearDuplicateOptions(), fashion.Count, i => fashion.GetImage(i).ToArray());
            foreach ((int window, double step) in s_letterSetups)
            {
                yield return Confused("letters", LetterName(window, step), number, LetterOptions(letters, window, step), 2000, i => letters.GetRow(i).ToArray());
            }
        }
    }

    private static string LetterName(int window, double step) => string.Create(CultureInfo.InvariantCulture, $"window{window}_step{step}");

    private static NearDuplicateOptions LetterOptions(LetterDataset letters, int window, double step) => new()
    {
        Kind = InputKind.Tabular,
        WindowLength = window,
        QuantizationStep = step,
        FeatureSpreads = new InputCellOptions { Length = LetterDataset.FeatureCount }.Calibrate(letters.Rows.Span).Spreads,
    };

    private static string Line(
        string data, string name, string perturbation, double size, NearDuplicateOptions options, Func<int, float[]> row, Func<float[], Random, float[]> perturb)
    {
        int matched = 0;
        double overlap = 0;
        for (int number = 0; number < Secrets; number++)
        {
            using ShieldSecret secret = FingerprintExperiments.Secret(number);
            Random random = new(number);
            for (int i = 0; i < Inputs; i++)
            {
                NearDuplicateIndex index = new(secret, new NearDuplicateOptions
                {
                    Kind = options.Kind,
                    WindowLength = options.WindowLength,
                    QuantizationStep = options.QuantizationStep,
                    FeatureSpreads = options.FeatureSpreads,
                    Capacity = 1024,
                });
                float[] original = row(i);
                index.Match(original, default);
                NearDuplicateMatch match = index.Match(perturb(original, random), default);
                matched += match.IsMatch ? 1 : 0;
                overlap += (double)match.Overlap / match.Hashes / (Secrets * Inputs);
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{data},{name},{perturbation},{size},{matched / (double)(Secrets * Inputs):F4},{overlap:F4}");
    }

    private static string Confused(string data, string name, int number, NearDuplicateOptions options, int count, Func<int, float[]> row)
    {
        using ShieldSecret secret = FingerprintExperiments.Secret(number);
        NearDuplicateIndex index = new(secret, options);
        HashSet<string> seen = [];
        int matching = 0;
        int unlike = 0;
        for (int i = 0; i < count; i++)
        {
            float[] values = row(i);
            bool isNew = seen.Add(string.Join(' ', values));
            bool isMatch = index.Match(values, default).IsMatch;
            matching += isMatch ? 1 : 0;
            unlike += isMatch && isNew ? 1 : 0;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{data},{name},{count},{number},{matching / (double)count:F4},{unlike / (double)seen.Count:F4}");
    }

    private static float[] Noise(float[] image, int spread, Random random) =>
        Array.ConvertAll(image, value => (float)Math.Clamp(value + (spread / 255.0 * FingerprintExperiments.Gaussian(random)), 0, 1));

    private static float[] Patch(float[] image, int side, Random random)
    {
        float[] patched = [.. image];
        int left = random.Next(FashionDataset.Side - side);
        int top = random.Next(FashionDataset.Side - side);
        for (int i = 0; i < side * side; i++)
        {
            patched[((top + (i / side)) * FashionDataset.Side) + left + (i % side)] = random.NextSingle();
        }

        return patched;
    }

    private static float[] Replace(float[] row, int features, LetterDataset letters, Random random)
    {
        float[] replaced = [.. row];
        int[] order = [.. Enumerable.Range(0, row.Length)];
        random.Shuffle(order);
        foreach (int feature in order.AsSpan(0, features))
        {
            replaced[feature] = letters.GetRow(random.Next(letters.Count))[feature];
        }

        return replaced;
    }

    private static float[] FeatureNoise(float[] row, double spread, NearDuplicateOptions options, Random random)
    {
        float[] noisy = [.. row];
        for (int i = 0; i < row.Length; i++)
        {
            noisy[i] += (float)(spread * options.FeatureSpreads[i] * FingerprintExperiments.Gaussian(random));
        }

        return noisy;
    }
}
