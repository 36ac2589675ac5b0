using System.Numerics.Tensors;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Keyed directions in embeddings: each vector is turned a little, by what a keyed wave of its own projections says.</summary>
/// <remarks>
/// <para>With u the vector at length 1, a_j keyed signs and t_j keyed orthonormal directions, the vector is turned towards the sum of
/// cos(w a_j.u + phase_j) t_j, less what lies along u, by an angle in proportion to that sum's length: at most the budget's. Waves are
/// not linear, so no rotation, scaling or shift that a thief fits takes them up, as it would a fixed target. After EmbMarker (Peng et al., ACL 2023) and WARDEN (Shetty et al., ACL 2024), which place the target by trigger words and
/// use several against a removal by principal components; here the vector itself is the trigger, since no text is at hand.</para>
/// <para>A function of key and vector alone: the same for all callers. The tenant's transform, the noise and its budget come after.
/// Immutable but for the signs of the last dimension, which are made at its first use; thread-safe. 2 multiplications for each
/// direction and component, in single precision and in a fixed order, the same at every vector width; no allocation after a thread's first call.</para>
/// </remarks>
internal sealed class DirectionMark
{
    /// <summary>Radians for each unit of a_j.u, whose square has a mean of 1 over keys.</summary>
    public const double Frequency = 2;

    /// <summary>The most directions.</summary>
    public const int Most = 16;

    /// <summary>Of a square: what is less may be rounding.</summary>
    private const double RoundingShare = 1e-6;

    /// <summary>A marked number is at most twice as large: no float overflows.</summary>
    private const double GreatestLength = 1e38;

    private readonly CounterRandom _signs;
    private readonly double _angle;
    private readonly int _directions;
    private volatile Vectors? _vectors;

    public DirectionMark(MarkKey key, DirectionMarkOptions options)
    {
        Span<byte> bytes = stackalloc byte[CounterRandom.KeySize];
        key.Derive("direction", bytes);
        _signs = new CounterRandom(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        _angle = Math.Acos(1 - options.CosineBudget);
        _directions = options.Directions;
    }

    /// <summary>Marks a vector.</summary>
    /// <param name="clean">Finite.</param>
    /// <param name="length">Its length, 1e-30 or more; what is longer than 1e38 is marked as if it were as long as that.</param>
    /// <param name="marked">As long; may be the same span.</param>
    /// <returns>False if it was left as it is, for the waves point along it.</returns>
    public bool Apply(ReadOnlySpan<float> clean, double length, Span<float> marked)
    {
        Vectors vectors = VectorsOf(clean.Length);
        int count = vectors.Phases.Length;

        // At length 1, so that no sum of floats overflows.
        Span<float> both = HardeningScratch.ForThisThread.Turned(2 * clean.Length);
        Span<float> unit = both[..clean.Length];
        Span<float> towards = both[clean.Length..];
        TensorPrimitives.Multiply(clean, (float)(1 / length), unit);
        Span<float> waves = stackalloc float[Most];
        waves = waves[..count];
        RowDots.Fill(unit, vectors.Signs, waves);
        for (int j = 0; j < count; j++)
        {
            waves[j] = (float)Math.Cos((Frequency * waves[j]) + vectors.Phases[j]);
        }

        WeightedRows.Sum(waves, vectors.Targets, towards);
        Span<float> dots = stackalloc float[2];
        RowDots.Fill(towards, both, dots);
        double along = dots[0];
        double square = dots[1];
        double rest = square - (along * along);
        if (!(rest > RoundingShare * square))
        {
            clean.CopyTo(marked);
            return false;
        }

        double left = Math.Sqrt(rest);
        double angle = AngleOf(left, count);
        double sideways = Math.Sin(angle) / left;
        double forward = Math.Cos(angle) - (sideways * along);
        double size = Math.Min(length, GreatestLength);
        WeightedRows.Sum([(float)(forward * size), (float)(sideways * size)], both, marked);
        return true;
    }

    /// <summary>The angle of a sum of waves of the given length.</summary>
    /// <param name="left">The sum's length, less what lies along the vector.</param>
    /// <param name="directions">How many waves.</param>
    public double AngleOf(double left, int directions) => _angle * left / Math.Sqrt(directions);

    /// <summary>The key's vectors for embeddings of so many numbers.</summary>
    public Vectors VectorsOf(int dimension) => _vectors is { } made && made.Dimension == dimension ? made : Make(dimension);

    private Vectors Make(int dimension)
    {
        int count = Math.Min(_directions, dimension - 1);
        Vectors made = new(dimension, new float[count * dimension], new float[count * dimension], new double[count]);
        uint[] words = new uint[((2 * dimension) + 1 + 3) & ~3];
        for (int j = 0; j < count; j++)
        {
            // A cell for each direction and dimension: what a vector of one length shows says nothing of another.
            _signs.Fill(new Hash128((ulong)dimension, (ulong)j), 0, words);
            double[] target = new double[dimension];
            for (int i = 0; i < dimension; i++)
            {
                made.Signs[(j * dimension) + i] = (words[i] & 1) == 0 ? -1 : 1;
                target[i] = (words[dimension + i] * (2.0 / uint.MaxValue)) - 1;
            }

            made.Phases[j] = words[2 * dimension] * (2 * Math.PI / uint.MaxValue);
            Orthogonalise(target, made.Targets.AsSpan(0, j * dimension));
            for (int i = 0; i < dimension; i++)
            {
                made.Targets[(j * dimension) + i] = (float)target[i];
            }
        }

        _vectors = made;
        return made;
    }

    /// <summary>Takes away what lies along the targets before, and makes the length 1.</summary>
    private static void Orthogonalise(Span<double> target, ReadOnlySpan<float> before)
    {
        for (; !before.IsEmpty; before = before[target.Length..])
        {
            double along = 0;
            for (int i = 0; i < target.Length; i++)
            {
                along += target[i] * before[i];
            }

            for (int i = 0; i < target.Length; i++)
            {
                target[i] -= along * before[i];
            }
        }

        double square = 0;
        foreach (double value in target)
        {
            square += value * value;
        }

        double inverse = 1 / Math.Sqrt(Math.Max(square, 1e-300));
        foreach (ref double value in target)
        {
            value *= inverse;
        }
    }

    /// <summary>Signs and targets direction after direction, of one dimension.</summary>
    internal sealed record Vectors(int Dimension, float[] Signs, float[] Targets, double[] Phases);
}
