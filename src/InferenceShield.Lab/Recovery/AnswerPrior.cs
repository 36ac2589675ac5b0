using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>What a thief takes clean answers to look like who has never seen one.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class AnswerPrior
{
    private const double SharpLowest = 0.01;
    private const double SharpHighest = 1;

    private readonly double _lowest;
    private readonly double _highest;
    private readonly bool _isMixed;
    private readonly SurrogateOptions? _shadow;

    private AnswerPrior(string name, double lowest, double highest, bool isMixed, SurrogateOptions? shadow)
    {
        Name = name;
        _lowest = lowest;
        _highest = highest;
        _isMixed = isMixed;
        _shadow = shadow;
    }

    /// <summary>Answers as sharp as those of trained models, of any number of classes.</summary>
    /// <remarks>
    /// <para>Every other one is Dirichlet, the sum of its concentrations between .01 and 1, evenly in the logarithm. The rest are
    /// logistic normal (Aitchison and Shen, 1980): logits of a standard deviation of .5 to 5, one of them raised by 0 to 20. About
    /// half of the answers are above .99.</para>
    /// <para>The one kind has the sharpness of trained models and tails that no float holds, the other their tails: mixed they let
    /// <see cref="NetworkRecovery"/> come nearer to clean answers than Dirichlet alone, above all through a temperature.</para>
    /// </remarks>
    public static AnswerPrior Sharp { get; } = new("sharp", SharpLowest, SharpHighest, isMixed: true, null);

    /// <summary>What it is called in reports.</summary>
    public string Name { get; }

    /// <summary>Symmetric Dirichlet distributions, as D-DAE+ was published with.</summary>
    /// <param name="lowest">The lowest sum of concentrations, above 0: answers all but certain.</param>
    /// <param name="highest">The highest, at least the lowest; sums lie between the two, evenly in their logarithm. The number of classes gives answers evenly over the simplex.</param>
    public static AnswerPrior Dirichlet(double lowest, double highest)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lowest);
        ArgumentOutOfRangeException.ThrowIfLessThan(highest, lowest);
        return new("Dirichlet", lowest, highest, isMixed: false, null);
    }

    /// <summary>Answers of shadow models: copies that the thief trains on the labels he was told.</summary>
    /// <remarks>Two are trained, each on every other answer, and each answers the inputs that it has not seen. There are no more
    /// samples than the thief has answers; with fewer than two it is <see cref="Sharp"/>. It costs the training.</remarks>
    /// <param name="surrogate">How they are built and trained.</param>
    public static AnswerPrior Shadow(SurrogateOptions surrogate)
    {
        ArgumentNullException.ThrowIfNull(surrogate);
        return new("shadow", SharpLowest, SharpHighest, isMixed: true, surrogate);
    }

    /// <summary>Draws samples, at most <paramref name="count"/>.</summary>
    internal float[] Draw(Transcript transcript, int count, ulong seed) =>
        _shadow is null || transcript.Count < 2
            ? DrawSamples(transcript.AnswerLength, count, seed)
            : AskShadows(transcript, count, _shadow, seed);

    private float[] DrawSamples(int classes, int count, ulong seed)
    {
        SeededRandom random = new(seed, stream: 11);
        float[] samples = new float[count * classes];
        double[] sample = new double[classes];
        for (int row = 0; row < count; row++)
        {
            if (_isMixed && row % 2 == 1)
            {
                DrawLogits(ref random, sample);
            }
            else
            {
                double concentration = _lowest * Math.Pow(_highest / _lowest, random.NextUnit()) / classes;
                for (int i = 0; i < classes; i++)
                {
                    sample[i] = random.NextLogGamma(concentration);
                }
            }

            TensorPrimitives.Subtract(sample, TensorPrimitives.Max<double>(sample), sample);
            TensorPrimitives.Exp(sample, sample);
            TensorPrimitives.Divide(sample, TensorPrimitives.Sum<double>(sample), sample);
            TensorPrimitives.ConvertTruncating<double, float>(sample, samples.AsSpan(row * classes, classes));
        }

        return samples;
    }

    private static void DrawLogits(ref SeededRandom random, Span<double> logits)
    {
        double spread = 0.5 + (4.5 * random.NextUnit());
        foreach (ref double logit in logits)
        {
            logit = spread * random.NextGaussian();
        }

        logits[random.NextInt32(logits.Length)] += 20 * random.NextUnit();
    }

    private static float[] AskShadows(Transcript transcript, int count, SurrogateOptions options, ulong seed)
    {
        int classes = transcript.AnswerLength;
        int width = transcript.InputLength;
        int rows = Math.Min(count, transcript.Count);
        float[] samples = new float[rows * classes];
        for (int half = 0; half < 2; half++)
        {
            float[] inputs = TakeHalf(transcript.Inputs[..(rows * width)], width, half);
            float[] labels = TakeHalf(LabelRecovery.ToLabels(transcript.Answers[..(rows * classes)], classes), classes, half);
            Surrogate shadow = SurrogateTrainer.Train(inputs, labels, width, classes, options, seed + (ulong)half, 1, default);
            float[] others = TakeHalf(transcript.Inputs[..(rows * width)], width, 1 - half);
            float[] answers = new float[others.Length / width * classes];
            shadow.Classify(others, answers);
            for (int i = 0; i < answers.Length / classes; i++)
            {
                answers.AsSpan(i * classes, classes).CopyTo(samples.AsSpan(((2 * i) + 1 - half) * classes));
            }
        }

        return samples;
    }

    /// <summary>Every other row, from the first or from the second.</summary>
    private static float[] TakeHalf(ReadOnlySpan<float> rows, int width, int first)
    {
        int count = ((rows.Length / width) + 1 - first) / 2;
        float[] half = new float[count * width];
        for (int i = 0; i < count; i++)
        {
            rows.Slice(((2 * i) + first) * width, width).CopyTo(half.AsSpan(i * width));
        }

        return half;
    }
}
