using System.Collections.Immutable;

namespace InferenceShield.Lab;

/// <summary>How a surrogate is built and trained. The defaults are a strong thief's on images and on tables.</summary>
public sealed record SurrogateOptions
{
    private const float MomentumRate = 0.05f;

    /// <summary>What it is made of. Default: <see cref="SurrogateKind.Mlp"/>.</summary>
    public SurrogateKind Kind { get; init; } = SurrogateKind.Mlp;

    /// <summary>Units of each hidden layer, each at least 1. Default: 128. Ignored by <see cref="SurrogateKind.Linear"/>.</summary>
    public ImmutableArray<int> Hidden { get; init; } = [128];

    /// <summary>The shape of the images that <see cref="SurrogateKind.Cnn"/> needs. Default: none.</summary>
    public ImageShape? Image { get; init; }

    /// <summary>How inputs are scaled. Default: <see cref="SurrogateScaling.Automatic"/>.</summary>
    public SurrogateScaling Scaling { get; init; } = SurrogateScaling.Automatic;

    /// <summary>What training makes small. Default: <see cref="SurrogateLoss.SoftLabels"/>.</summary>
    public SurrogateLoss Loss { get; init; } = SurrogateLoss.SoftLabels;

    /// <summary>How weights move. Default: <see cref="SurrogateOptimizer.Adam"/>.</summary>
    public SurrogateOptimizer Optimizer { get; init; } = SurrogateOptimizer.Adam;

    /// <summary>Steps of the optimiser, at least 1; null for 40 times the square root of the number of answers, at least 100. Default: null.</summary>
    public int? Steps { get; init; }

    /// <summary>Answers in a step, 1 to 65 536; all answers where there are fewer. Default: 128.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>
    /// The highest learning rate, above 0; null with Adam for .002 times the square root of 784 / values in a row, at most .01
    /// (.002 with convolutions), and for .05 with momentum. Default: null.
    /// </summary>
    public float? LearningRate { get; init; }

    /// <summary>How the learning rate changes. Default: <see cref="LearningRateSchedule.Cosine"/>.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    /// <summary>The share of its value that each weight and bias loses in a step, in units of the learning rate, 0 to 1. Default: 0.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Deviation of the Gaussian noise that is added to scaled inputs in each step, 0 to 10; scaled inputs have deviation 1. Default: 0.</summary>
    public float InputNoise { get; init; }

    /// <summary>The share of each target that is spread evenly over all classes, at least 0 and below 1. Default: 0.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>
    /// The share of the answers on which training is watched and not done, 0 to .5; the weights with the smallest loss there are
    /// kept. 0 trains on all of them to the end. Default: 0.
    /// </summary>
    public float ValidationShare { get; init; }

    /// <summary>How often in a row, 100 steps apart, the watched loss may fail to get smaller before training stops, at least 1. Default: 10.</summary>
    public int Patience { get; init; } = 10;

    // Adam moves every weight by about the rate: the more weights a unit sums over, the farther its sum jumps.
    internal float GetStartRate(int inputLength) => LearningRate ?? (Optimizer, Kind) switch
    {
        (SurrogateOptimizer.Momentum, _) => MomentumRate,
        (_, SurrogateKind.Cnn) => 2e-3f,
        _ => MathF.Min(2e-3f * MathF.Sqrt(784f / inputLength), 1e-2f),
    };

    internal int GetSteps(int rows) => Steps ?? Math.Max(100, (int)(40 * Math.Sqrt(rows)));

    /// <exception cref="ArgumentException">An option is out of its range or does not fit the rows.</exception>
    internal void Validate(int inputLength)
    {
        Require(Enum.IsDefined(Kind), nameof(Kind), Kind, "Linear, Mlp or Cnn");
        Require(!Hidden.IsDefault && Hidden.All(static units => units is >= 1 and <= 65_536), nameof(Hidden), Hidden.IsDefault ? "none" : string.Join(' ', Hidden), "layers of 1 to 65536 units");
        Require(Enum.IsDefined(Scaling), nameof(Scaling), Scaling, "Automatic, None, Global or PerFeature");
        Require(Enum.IsDefined(Loss), nameof(Loss), Loss, "SoftLabels or HardLabels");
        Require(Enum.IsDefined(Optimizer), nameof(Optimizer), Optimizer, "Adam or Momentum");
        Require(Enum.IsDefined(Schedule), nameof(Schedule), Schedule, "Cosine or Constant");
        Require(Steps is null or >= 1, nameof(Steps), Steps, "at least 1, or null");
        Require(BatchSize is >= 1 and <= 65_536, nameof(BatchSize), BatchSize, "1 to 65536");
        Require(LearningRate is null or (> 0 and <= 100), nameof(LearningRate), LearningRate, "above 0 and at most 100, or null");
        Require(WeightDecay is >= 0 and <= 1, nameof(WeightDecay), WeightDecay, "0 to 1");
        Require(InputNoise is >= 0 and <= 10, nameof(InputNoise), InputNoise, "0 to 10");
        Require(LabelSmoothing is >= 0 and < 1, nameof(LabelSmoothing), LabelSmoothing, "at least 0 and below 1");
        Require(ValidationShare is >= 0 and <= 0.5f, nameof(ValidationShare), ValidationShare, "0 to 0.5");
        Require(Patience >= 1, nameof(Patience), Patience, "at least 1");
        if (Kind != SurrogateKind.Cnn)
        {
            return;
        }

        if (Image is not { } image)
        {
            throw new ArgumentException($"SurrogateOptions.{nameof(Image)} is not set; a surrogate of kind Cnn needs the shape of the images.");
        }

        Require(image is { Channels: >= 1 and <= 1024, Side: >= 4 and <= 1024 } && image.Side % 4 == 0, nameof(Image), image, "at least 1 channel and a side that is a multiple of 4");
        Require(image.Length == inputLength, nameof(Image), image, $"{inputLength} values, as a row of input has");
    }

    private static void Require(bool holds, string option, object? value, string range)
    {
        if (!holds)
        {
            throw new ArgumentException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"SurrogateOptions.{option} is {value}; it must be {range}."));
        }
    }
}
