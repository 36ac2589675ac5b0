using System.Buffers.Binary;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>One key's cosine mark: its vector in the space of benign inputs, and its class. Immutable and thread-safe.</summary>
/// <remarks>CosWM: L. Charette et al., "Cosine Model Watermarking against Ensemble Distillation" (AAAI 2022), with the key vector among the
/// principal directions of benign inputs and the frequency in radians for each of their standard deviations along it.</remarks>
internal sealed class CosineMark
{
    private const string Purpose = "cosine";
    private const string PayloadPurpose = "cosine-payload";

    private readonly InputSpace _space;
    private readonly float[] _coefficients;
    private readonly float _offset;
    private readonly double[] _weights;
    private readonly double[] _along;
    private readonly ulong _class;

    /// <param name="key">Whose mark.</param>
    /// <param name="space">Of benign inputs.</param>
    public CosineMark(MarkKey key, InputSpace space)
        : this(key, space, Purpose, null)
    {
    }

    private CosineMark(MarkKey key, InputSpace space, string purpose, CosineMark? other)
    {
        _space = space;
        Span<byte> bytes = stackalloc byte[CounterRandom.KeySize + sizeof(ulong)];
        key.Derive(purpose, bytes);
        _weights = new double[space.DirectionCount];
        new KeyedGaussians(bytes[..CounterRandom.KeySize]).Fill(0, _weights);
        _class = BinaryPrimitives.ReadUInt64LittleEndian(bytes[CounterRandom.KeySize..]);
        CryptographicOperations.ZeroMemory(bytes);
        if (other is not null)
        {
            MakeUncorrelated(_weights, other._weights, space.Deviations);
        }

        double variance = 0;
        for (int k = 0; k < _weights.Length; k++)
        {
            variance += _weights[k] * _weights[k] * space.Deviations[k] * space.Deviations[k];
        }

        double[] vector = new double[space.Width];
        _along = new double[_weights.Length];
        for (int k = 0; k < _weights.Length; k++)
        {
            double weight = _along[k] = variance > 0 ? _weights[k] / Math.Sqrt(variance) : 0;
            ReadOnlySpan<float> direction = space.Direction(k);
            for (int i = 0; i < vector.Length; i++)
            {
                vector[i] += weight * direction[i];
            }
        }

        _coefficients = new float[space.Width];
        _offset = InputReach.Prepare(space, Array.ConvertAll(vector, value => (float)value), _coefficients);
    }

    /// <summary>The key vector along each principal direction: what a projection is a sum over.</summary>
    public ReadOnlySpan<double> Along => _along;

    /// <summary>A second mark of the key, whose projections of benign inputs do not go with those of the first. With one direction only
    /// there is no such thing: its projections are 0.</summary>
    public static CosineMark Payload(MarkKey key, InputSpace space) =>
        new(key, space, PayloadPurpose, new CosineMark(key, space));

    /// <summary>The class that is raised where the cosine is positive.</summary>
    public int KeyClass(int classes) => (int)Math.BigMul(_class, (ulong)classes, out _);

    /// <summary>Where a row lies along the key vector.</summary>
    /// <param name="input">A row, as the model gets it.</param>
    /// <returns>In standard deviations of benign inputs from their mean; 0 for a row that is not finite.</returns>
    public double Project(ReadOnlySpan<float> input) => ProjectFolded(_space.Fold(input));

    /// <inheritdoc cref="Project"/>
    /// <param name="row">See <see cref="InputSpace.Fold(ReadOnlySpan{float})"/>.</param>
    public double ProjectFolded(ReadOnlySpan<float> row)
    {
        Span<float> dot = stackalloc float[1];
        RowDots.Fill(row, _coefficients, dot);
        double projection = dot[0] + _offset;
        return double.IsFinite(projection) ? projection : 0;
    }

    /// <summary>The mark by itself: sum 1 stays sum 1, and what is not negative stays so.</summary>
    /// <param name="distribution">Sum 1.</param>
    /// <param name="keyClass">See <see cref="KeyClass"/>.</param>
    /// <param name="strength">Epsilon.</param>
    /// <param name="angle">Frequency times projection.</param>
    public static void Move(Span<double> distribution, int keyClass, double strength, double angle)
    {
        if (distribution.Length < 2)
        {
            return;
        }

        double cosine = Math.Cos(angle);
        double inverse = 1 / (1 + (2 * strength));
        double others = strength * (1 - cosine) / (distribution.Length - 1);
        double own = distribution[keyClass] + (strength * (1 + cosine));
        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] = (distribution[i] + others) * inverse;
        }

        distribution[keyClass] = own * inverse;
    }

    private static void MakeUncorrelated(double[] weights, double[] others, double[] deviations)
    {
        double product = 0;
        double square = 0;
        for (int k = 0; k < weights.Length; k++)
        {
            double variance = deviations[k] * deviations[k];
            product += weights[k] * others[k] * variance;
            square += others[k] * others[k] * variance;
        }

        for (int k = 0; k < weights.Length; k++)
        {
            weights[k] = weights.Length == 1 ? 0 : weights[k] - (product / square * others[k]);
        }
    }
}
