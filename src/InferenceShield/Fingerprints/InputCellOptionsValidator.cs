using System.Globalization;
using System.Numerics;

namespace InferenceShield;

/// <summary>Checks an <see cref="InputCellOptions"/>; a message names the option, its value and what is allowed.</summary>
internal static class InputCellOptionsValidator
{
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static void Check(InputCellOptions options)
    {
        Range("Length", options.Length, 1, 16_777_216);
        Range("ImageWidth", options.ImageWidth, 0, options.Length);
        Range("ImageHeight", options.ImageHeight, options.ImageWidth == 0 ? 0 : 1, options.ImageWidth == 0 ? 0 : options.Length / options.ImageWidth);
        Range("ImagePooling", options.ImagePooling, 1, 64);
        if (options.ImageWidth > 0 && options.Length % (options.ImageWidth * options.ImageHeight) != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), options.Length, "Length; allowed for images: a multiple of ImageWidth x ImageHeight.");
        }

        CheckNumbers("Centers", options.Centers, options.Length, float.MinValue);
        CheckNumbers("Spreads", options.Spreads, options.Length, float.Epsilon * 1e8f);
    }

    private static void CheckNumbers(string name, IList<float> numbers, int length, float least)
    {
        if (numbers.Count != 0 && numbers.Count != length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(numbers), numbers.Count, $"{name}; it has to have one number for each of the row's {length}, or none.");
        }

        for (int i = 0; i < numbers.Count; i++)
        {
            Range(string.Create(CultureInfo.InvariantCulture, $"{name}:{i}"), numbers[i], least, float.MaxValue);
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
