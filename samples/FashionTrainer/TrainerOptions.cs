using System.Globalization;

namespace InferenceShield.Samples.Training;

/// <summary>What the command line asks for.</summary>
internal sealed class TrainerOptions
{
    public const string Usage = """
        Trains the Fashion-MNIST classifier of the samples and writes it as an ONNX model.

          --data DIR       folder of the four Fashion-MNIST files (default: where the Debian package puts them)
          --output FILE    the model to write (default: samples/models/fashion.onnx of this checkout)
          --epochs N       passes over the training images (default: 16)
          --seed N         seed of weights, order and augmentation (default: 1)
          --threads N      threads (default: one per processor; the result does not depend on it)
          --write-subset   write the first 2,000 test images to samples/data instead of training
        """;

    public string DataFolder { get; private set; } = FashionMnistFiles.DefaultFolder;

    public string? Output { get; private set; }

    public int Epochs { get; private set; } = 16;

    public ulong Seed { get; private set; } = 1;

    public int Threads { get; private set; } = Environment.ProcessorCount;

    public bool WriteSubset { get; private set; }

    /// <summary>Parses the arguments.</summary>
    /// <exception cref="ArgumentException">An argument is unknown, lacks its value or is out of range.</exception>
    public static TrainerOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new TrainerOptions();
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            if (name == "--write-subset")
            {
                options.WriteSubset = true;
                continue;
            }

            string value = i + 1 < arguments.Length ? arguments[++i] : throw new ArgumentException($"{name} is unknown or lacks a value.");
            switch (name)
            {
                case "--data":
                    options.DataFolder = value;
                    break;
                case "--output":
                    options.Output = value;
                    break;
                case "--epochs":
                    options.Epochs = ParsePositive(name, value);
                    break;
                case "--seed":
                    options.Seed = (ulong)ParsePositive(name, value);
                    break;
                case "--threads":
                    options.Threads = ParsePositive(name, value);
                    break;
                default:
                    throw new ArgumentException($"There is no option {name}.");
            }
        }

        return options;
    }

    private static int ParsePositive(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw new ArgumentException($"{name} takes a positive number, not '{value}'.");
}
