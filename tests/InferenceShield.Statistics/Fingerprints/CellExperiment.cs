using System.Globalization;
using InferenceShield.Samples;

namespace InferenceShield.Statistics.Fingerprints;

/// <summary>Input cells: the share of inputs whose cell survives a perturbation, and how many inputs cells tell apart.</summary>
internal static class CellExperiment
{
    private const int Secrets = 8;
    private const int Inputs = 500;

    private static readonly int[] s_prefixes = [4, 8, 12, 16, 24, 32, 64];
    private static readonly double[] s_noises = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5];

    public static IEnumerable<string> Stability()
    {
        yield return "data,cells,perturbation,size,prefix_bits,surviving,bits_changed";
        foreach (CellSetup setup in CellSetup.All())
        {
            foreach (double noise in s_noises)
            {
                foreach (string line in Survival(setup, "gaussian_of_input_sd", noise, (row, random) => AddNoise(row, noise * setup.Spread, setup, random)))
                {
                    yield return line;
                }
            }

            if (setup.IsImage)
            {
                foreach (double gain in (double[])[0.9, 1.1])
                {
                    foreach (string line in Survival(setup, "brightness", gain, (row, _) => Array.ConvertAll(row, value => (float)Math.Min(1, value * gain))))
                    {
                        yield return line;
                    }
                }

                foreach (string line in Survival(setup, "shift_pixels", 1, (row, _) => Shift(row)))
                {
                    yield return line;
                }
            }
        }
    }

    public static IEnumerable<string> Distinctness()
    {
        yield return "data,cells,prefix_bits,inputs,distinct_cells,pairs_in_one_cell";
        foreach (CellSetup setup in CellSetup.All())
        {
            foreach (int prefix in s_prefixes)
            {
                double distinct = 0;
                double pairs = 0;
                for (int number = 0; number < Secrets; number++)
                {
                    using ShieldSecret secret = FingerprintExperiments.Secret(number);
                    InputCells cells = new(secret, setup.Options);
                    Dictionary<InputCell, int> counts = [];
                    for (int i = 0; i < setup.Count; i++)
                    {
                        InputCell cell = cells.Find(setup.Row(i)).Prefix(prefix);
                        counts[cell] = counts.GetValueOrDefault(cell) + 1;
                    }

                    distinct += counts.Count / (double)Secrets;
                    pairs += counts.Values.Sum(count => count * (count - 1.0)) / (setup.Count * (setup.Count - 1.0)) / Secrets;
                }

                yield return string.Create(CultureInfo.InvariantCulture, $"{setup.Data},{setup.Name},{prefix},{setup.Count},{distinct:F1},{pairs:G4}");
            }
        }
    }

    private static IEnumerable<string> Survival(CellSetup setup, string perturbation, double size, Func<float[], Random, float[]> perturb)
    {
        int[] surviving = new int[s_prefixes.Length];
        double changed = 0;
        for (int number = 0; number < Secrets; number++)
        {
            using ShieldSecret secret = FingerprintExperiments.Secret(number);
            InputCells cells = new(secret, setup.Options);
            Random random = new(number);
            for (int i = 0; i < Inputs; i++)
            {
                float[] row = setup.Row(i * (setup.Count / Inputs));
                InputCell cell = cells.Find(row);
                InputCell moved = cells.Find(perturb(row, random));
                changed += cell.DistanceTo(moved) / (64.0 * Inputs * Secrets);
                for (int p = 0; p < s_prefixes.Length; p++)
                {
                    surviving[p] += cell.Prefix(s_prefixes[p]) == moved.Prefix(s_prefixes[p]) ? 1 : 0;
                }
            }
        }

        return s_prefixes.Select((prefix, p) => string.Create(CultureInfo.InvariantCulture,
            $"{setup.Data},{setup.Name},{perturbation},{size},{prefix},{surviving[p] / (double)(Inputs * Secrets):F4},{changed:F4}"));
    }

    private static float[] AddNoise(float[] row, double spread, CellSetup setup, Random random)
    {
        float[] noisy = new float[row.Length];
        for (int i = 0; i < row.Length; i++)
        {
            double scale = setup.IsImage ? spread : spread * setup.Options.Spreads[i];
            double value = row[i] + (scale * FingerprintExperiments.Gaussian(random));
            noisy[i] = (float)(setup.IsImage ? Math.Clamp(value, 0, 1) : value);
        }

        return noisy;
    }

    private static float[] Shift(float[] image)
    {
        float[] shifted = new float[image.Length];
        for (int i = 1; i < image.Length; i++)
        {
            shifted[i] = i % FashionDataset.Side == 0 ? 0 : image[i - 1];
        }

        return shifted;
    }
}
