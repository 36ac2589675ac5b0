using System.Numerics.Tensors;

namespace InferenceShield.Lab.Tests;

/// <summary>A smooth model of random weights, as it is and as a shield with a near-tie mark answers for it: what a perfect copy repeats.</summary>
internal sealed class MarkedModel : IClassifier
{
    public const double Margin = 0.2;

    private readonly float[] _weights;
    private readonly double _sharpness;
    private readonly MarkKey? _key;
    private readonly double _repeats;

    private MarkedModel(int width, int classes, ulong seed, double sharpness)
    {
        InputLength = width;
        ClassCount = classes;
        _sharpness = sharpness;
        SeededRandom random = new(seed, stream: 9);
        _weights = new float[width * classes];
        foreach (ref float value in _weights.AsSpan())
        {
            value = random.NextSigned();
        }
    }

    private MarkedModel(MarkedModel original, MarkKey key, double repeats)
    {
        (InputLength, ClassCount, _sharpness, _weights) = (original.InputLength, original.ClassCount, original._sharpness, original._weights);
        _key = key;
        _repeats = repeats;
    }

    public int InputLength { get; }

    public int ClassCount { get; }

    public static MarkedModel Clean(ulong seed, int width = 12, int classes = 10, double sharpness = 3) => new(width, classes, seed, sharpness);

    public static MarkKey Key(ulong number) => RandomKeys.GetMarkKey(0xc0ffee, (int)number);

    /// <param name="key">Whose bits it repeats.</param>
    /// <param name="repeats">The share of near ties at which it does; at the others it takes the other label.</param>
    public MarkedModel Copy(MarkKey key, double repeats) => new(this, key, repeats);

    public Dataset Rows(ulong seed, int count)
    {
        SeededRandom random = new(seed, stream: 4);
        float[] values = new float[count * InputLength];
        foreach (ref float value in values.AsSpan())
        {
            value = random.NextSigned();
        }

        return new Dataset("rows", values, InputLength);
    }

    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        for (int row = 0; row < inputs.Length / InputLength; row++)
        {
            ReadOnlySpan<float> input = inputs.Slice(row * InputLength, InputLength);
            Span<float> scores = probabilities.Slice(row * ClassCount, ClassCount);
            for (int label = 0; label < ClassCount; label++)
            {
                scores[label] = (float)(_sharpness * TensorPrimitives.Dot(input, _weights.AsSpan(label * InputLength, InputLength)));
            }

            TensorPrimitives.Subtract(scores, TensorPrimitives.Max<float>(scores), scores);
            TensorPrimitives.SoftMax<float>(scores, scores);
            if (_key is not null && NearTieMark.TryFind(OutputKind.Probabilities, scores, Margin, out NearTie tie))
            {
                int picked = NearTieMark.Pick(_key.NearTies, tie);
                int other = picked == tie.Lower ? tie.Higher : tie.Lower;
                SeededRandom random = new(BitConverter.SingleToUInt32Bits(input[0]), BitConverter.SingleToUInt32Bits(input[1]));
                (int first, int second) = random.NextUnit() <= _repeats ? (picked, other) : (other, picked);
                (scores[first], scores[second]) = (Math.Max(scores[first], scores[second]) + 1e-4f, Math.Min(scores[first], scores[second]) - 1e-4f);
            }
        }
    }
}
