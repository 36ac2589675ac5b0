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
/// Immutable but for the signs of the last dimension, which are made at its first use; thread-safe. 3 multiplications for each
/// direction and component; no allocation.</para>
/// </remarks>
internal sealed class DirectionMark
{
    /// <summary>Radians for each unit of a_j.u, whose square has a mean of 1 over keys.</summary>
    public const double Frequency = 2;

    /// <summary>The most directions.</summary>
    public const int Most = 16;

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
    /// <param name="length">Its length, above 0.</param>
    /// <param name="marked">As long; may be the same span.</param>
    /// <returns>False if it was left as it is, for the waves point along it.</returns>
    public bool Apply(ReadOnlySpan<float> clean, double length, Span<float> marked)
    {
        Vectors vectors = VectorsOf(clean.Length);
        int count = vectors.Phases.Length;
        Span<double> waves = stackalloc double[Most];
        double along = 0;
        double square = 0;
        for (int j = 0; j < count; j++)
        {
            double projection = Dot(vectors.Signs.AsSpan(j * clean.Length, clean.Length), clean) / length;
            waves[j] = Math.Cos((Frequency * projection) + vectors.Phases[j]);
            along += waves[j] * (Dot(vectors.Targets.AsSpan(j * clean.Length, clean.Length), clean) / length);
            square += waves[j] * waves[j];
        }

        double left = Math.Sqrt(Math.Max(0, square - (along * along)));
        if (left < 1e-9)
        {
            clean.CopyTo(marked);
            return false;
        }

        double angle = AngleOf(left, count);
        double sideways = Math.Sin(angle) / left;
        double forward = Math.Cos(angle) - (sideways * along);
        for (int j = 0; j < count; j++)
        {
            waves[j] *= sideways * length;
        }

        for (int i = 0; i < clean.Length; i++)
        {
            double value = forward * clean[i];
            for (int j = 0; j < count; j++)
            {
                value += waves[j] * vectors.Targets[(j * clean.Length) + i];
            }

            marked[i] = (float)double.ClampNative(value, float.MinValue, float.MaxValue);
        }

        return true;
    }

    /// <summary>The angle of a sum of waves of the given length.</summary>
    /// <param name="left">The sum's length, less what lies along the vector.</param>
    /// <param name="directions">How many waves.</param>
    public double AngleOf(double left, int directions) => _angle * left / Math.Sqrt(directions);

    /// <summary>The key's vectors for embeddings of so many numbers.</summary>
    public Vectors VectorsOf(int dimension) => _vectors is { } made && made.Dimension == dimension ? made : Make(dimension);

    /// <summary>In four sums, always the same ones.</summary>
    private static double Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        right = right[..left.Length];
        double first = 0;
        double second = 0;
        double third = 0;
        double fourth = 0;
        int i = 0;
        for (; i + 4 <= left.Length; i += 4)
        {
            first += (double)left[i] * right[i];
            second += (double)left[i + 1] * right[i + 1];
            third += (double)left[i + 2] * right[i + 2];
            fourth += (double)left[i + 3] * right[i + 3];
        }

        for (; i < left.Length; i++)
        {
            first += (double)left[i] * right[i];
        }

        return first + second + (third + fourth);
    }

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
