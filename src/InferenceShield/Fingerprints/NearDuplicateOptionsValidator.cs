using System.Globalization;
using System.Numerics;

namespace InferenceShield;

/// <summary>Checks a <see cref="NearDuplicateOptions"/>; a message names the option, its value and what is allowed.</summary>
internal static class NearDuplicateOptionsValidator
{
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static void Check(NearDuplicateOptions options)
    {
        if (!Enum.IsDefined(options.Kind))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Kind, "Kind; allowed: Image, Tabular or Tokens.");
        }

        Range("Capacity", options.Capacity, 1_024, 16_777_216);
        Range("WindowLength", options.WindowLength ?? 1, 1, FingerprintScratch.LongestWindow);
        Range("Stride", options.Stride, 1, 256);
        Range("Hashes", options.Hashes, 8, LargestHashes.MostWanted);
        Range("MatchOverlap", options.MatchOverlap, 1, options.Hashes);
        Range("ImageMinimum", options.ImageMinimum, float.MinValue / 4, float.MaxValue / 4);
        Range("ImageMaximum", options.ImageMaximum, MathF.BitIncrement(options.ImageMinimum), float.MaxValue / 4);
        if (options.QuantizationStep is { } step)
        {
            (double least, double most) = options.Kind == InputKind.Image ? (8, 128) : (0.001, 1_000);
            Range("QuantizationStep", step, least, most);
            if (options.Kind == InputKind.Image && step != Math.Floor(step))
            {
                throw new ArgumentOutOfRangeException(nameof(options), step, "QuantizationStep; allowed for images: whole numbers.");
            }
        }

        for (int i = 0; i < options.FeatureSpreads.Count; i++)
        {
            Range(string.Create(CultureInfo.InvariantCulture, $"FeatureSpreads:{i}"), options.FeatureSpreads[i], float.Epsilon * 1e8f, float.MaxValue);
        }

        if (BitOperations.RoundUpToPowerOf2((uint)options.Capacity) * 16.0 * options.Hashes > 16e9)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Capacity, "Capacity; with this many Hashes it would take more than 16 GB.");
        }
    }

    private static void Range<T>(string name, T value, T least, T most)
        where T : INumber<T>
    {
        // Written so that NaN is a fault.
        if (!(value >= least && value <= most))
        {
            throw new ArgumentOutOfRangeException(
                nameof(value), value, string.Create(CultureInfo.InvariantCulture, $"{name}; allowed: {least} to {most}."));
        }
    }
}
