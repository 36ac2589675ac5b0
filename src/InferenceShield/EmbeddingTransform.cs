using System.Numerics;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>A secret rotation of embeddings, another for each tenant: dot products and distances within a tenant stay, vectors of
/// different tenants cannot be compared or merged.</summary>
/// <remarks>
/// <para>Three rounds of a keyed permutation, keyed signs and fast Walsh-Hadamard transforms (the structure of Ailon, Chazelle,
/// "Approximate Nearest Neighbors and the Fast Johnson-Lindenstrauss Transform", STOC 2006). A dimension d that is no power of two
/// has two windows a round, at the start and at the end, each as long as the largest power of two below d; together they cover
/// all of it. Orthogonal for any d: about 6 d log2 d additions instead of d^2 multiplications.</para>
/// <para>What it keeps: dot products within 1e-5 of the product of the lengths, so distances, neighbours and clusters, too. What it
/// takes away: the cosine of one vector under two tenants is that of unrelated vectors, on average sqrt(2 / (pi d)).
/// <see cref="Invert"/> gives the operator the vector back within 1e-5 of its length.</para>
/// <para>What it does not do: it hides no geometry from the tenant himself, and it is linear. Who knows d independent vectors both
/// clean and transformed, or of two tenants, solves it by least squares; as its structure is public, fewer may do. So it keeps the answers of
/// accounts that do not work together apart, and ties a leaked index to a tenant; it does not stop two of them that compare
/// the answers to d queries they both made.</para>
/// <para>A <see cref="Shield"/>, and so a <c>ShieldedSession</c>, does it by itself where <see cref="OutputOptions.TenantTransform"/> is on:
/// after the noise, before the rounding, with a transform of its own for each tenant (<see cref="Shield.GetEmbeddingTransform"/>). One made
/// here is for use without that: <see cref="Apply"/> to the clean vector, then <c>Shield.Harden</c>, so that noise and rounding come last.</para>
/// <para>The same secret, model, tenant and dimension give the same bits on every machine and replica. Immutable and thread-safe.
/// Memory: 30 to 36 bytes a dimension and tenant. The constructor draws d keyed hashes a round: make one a tenant and keep it.</para>
/// </remarks>
public sealed class EmbeddingTransform
{
    /// <summary>The largest dimension.</summary>
    public const int MaximumDimension = 65_536;

    private const int Rounds = 3;

    [ThreadStatic]
    private static float[]? s_scratch;

    private readonly int[][] _orders = new int[Rounds][];
    private readonly float[][] _factors = new float[Rounds][];
    private readonly float[][] _lastFactors = new float[Rounds][];

    /// <summary>Draws the transform of a tenant from a secret.</summary>
    /// <param name="secret">Read once.</param>
    /// <param name="model">The model's name: vectors of two models share no transform.</param>
    /// <param name="tenant">Who the vectors are for. Any text; its case counts.</param>
    /// <param name="dimension">2 to <see cref="MaximumDimension"/>.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The dimension is out of range.</exception>
    public EmbeddingTransform(ShieldSecret secret, string model, string tenant, int dimension)
        : this(DeriveKey(secret, model, tenant), dimension)
    {
    }

    /// <summary>Draws a transform from a key.</summary>
    internal EmbeddingTransform(SipHashKey drawKey, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dimension, MaximumDimension);
        Dimension = dimension;
        int window = KeyedMix.WindowOf(dimension);
        float scale = 1 / MathF.Sqrt(window);
        for (int round = 0; round < Rounds; round++)
        {
            _orders[round] = DrawOrder(drawKey, round, dimension);
            _factors[round] = DrawSigns(drawKey, (2 * round) + Rounds, dimension);
            _lastFactors[round] = DrawSigns(drawKey, (2 * round) + Rounds + 1, window);
            Scale(_factors[round].AsSpan(0, window), scale);
            Scale(_lastFactors[round], scale);
        }
    }

    /// <summary>Numbers in a vector.</summary>
    public int Dimension { get; }

    /// <summary>Transforms a vector.</summary>
    /// <param name="vector">The clean one; finite numbers, at most 1e38 long.</param>
    /// <param name="transformed">As long: the same span, or one that does not overlap it.</param>
    /// <remarks>Allocates nothing after a thread's first call.</remarks>
    /// <exception cref="ArgumentException">A span is not as long as the dimension, or they overlap.</exception>
    public void Apply(ReadOnlySpan<float> vector, Span<float> transformed)
    {
        Check(vector, transformed);
        Span<float> first = Scratch(out Span<float> second);
        KeyedMix.Forward(vector, _orders[0], _factors[0], _lastFactors[0], first);
        KeyedMix.Forward(first, _orders[1], _factors[1], _lastFactors[1], second);
        KeyedMix.Forward(second, _orders[2], _factors[2], _lastFactors[2], transformed);
    }

    /// <summary>Gives the clean vector back: for the operator.</summary>
    /// <param name="transformed">What <see cref="Apply"/> gave; rounded or not.</param>
    /// <param name="vector">As long: the same span, or one that does not overlap it.</param>
    /// <remarks>Allocates nothing after a thread's first call.</remarks>
    /// <exception cref="ArgumentException">A span is not as long as the dimension, or they overlap.</exception>
    public void Invert(ReadOnlySpan<float> transformed, Span<float> vector)
    {
        Check(transformed, vector);
        Span<float> first = Scratch(out Span<float> second);
        transformed.CopyTo(first);
        KeyedMix.Backward(first, _orders[2], _factors[2], _lastFactors[2], second);
        KeyedMix.Backward(second, _orders[1], _factors[1], _lastFactors[1], first);
        KeyedMix.Backward(first, _orders[0], _factors[0], _lastFactors[0], vector);
    }

    /// <summary>The dimension; nothing of the secret.</summary>
    public override string ToString() => $"EmbeddingTransform({Dimension})";

    private static SipHashKey DeriveKey(ShieldSecret secret, string model, string tenant)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentException.ThrowIfNullOrEmpty(model);
        ArgumentException.ThrowIfNullOrEmpty(tenant);

        // The length of the first name, so that no two pairs of names run into one text.
        Span<byte> key = stackalloc byte[SipHashKey.Size];
        secret.DeriveKey($"embedding-transform/{model.Length}/{model}/{tenant}", key);
        SipHashKey drawKey = new(key);
        CryptographicOperations.ZeroMemory(key);
        return drawKey;
    }

    /// <summary>Fisher and Yates's shuffle.</summary>
    private static int[] DrawOrder(SipHashKey key, int purpose, int dimension)
    {
        int[] order = [.. Enumerable.Range(0, dimension)];
        for (int i = 0; i < dimension - 1; i++)
        {
            // Multiply-shift of 64 bits: a bias below 2^-48.
            ulong word = SipHash.Hash(key, (ulong)purpose, (ulong)i, 0).Low;
            int chosen = i + (int)Math.BigMul(word, (ulong)(dimension - i), out _);
            (order[i], order[chosen]) = (order[chosen], order[i]);
        }

        return order;
    }

    private static float[] DrawSigns(SipHashKey key, int purpose, int length)
    {
        float[] signs = new float[length];
        for (int start = 0; start < length; start += 64)
        {
            ulong word = SipHash.Hash(key, (ulong)purpose, (ulong)start, 0).Low;
            for (int i = start; i < Math.Min(start + 64, length); i++)
            {
                signs[i] = (word >> (i - start) & 1) == 0 ? 1 : -1;
            }
        }

        return signs;
    }

    private static void Scale(Span<float> values, float scale)
    {
        foreach (ref float value in values)
        {
            value *= scale;
        }
    }

    private void Check(ReadOnlySpan<float> source, ReadOnlySpan<float> destination)
    {
        if (source.Length != Dimension || destination.Length != Dimension)
        {
            throw new ArgumentException(
                $"A vector of {source.Length} numbers and a place for {destination.Length} were given; this transform is of dimension {Dimension}.", nameof(source));
        }

        if (source != destination && source.Overlaps(destination))
        {
            throw new ArgumentException("The spans overlap but are not the same span.", nameof(destination));
        }
    }

    private Span<float> Scratch(out Span<float> second)
    {
        float[]? scratch = s_scratch;
        if (scratch is null || scratch.Length < 2 * Dimension)
        {
            s_scratch = scratch = new float[BitOperations.RoundUpToPowerOf2((uint)(2 * Dimension))];
        }

        second = scratch.AsSpan(Dimension, Dimension);
        return scratch.AsSpan(0, Dimension);
    }
}
