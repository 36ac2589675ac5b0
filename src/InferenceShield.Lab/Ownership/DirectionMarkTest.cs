using MathNet.Numerics.LinearAlgebra;

namespace InferenceShield.Lab;

/// <summary>Whether a suspect's embeddings carry the keyed directions of a marked model's.</summary>
/// <remarks>
/// <para>Owner and suspect embed the same probes. An affine map, fitted by ridge regression, takes the owner's clean embeddings to the suspect's,
/// of whatever dimension. What it leaves over of the suspect's is weighted by the inverse of its covariance and correlated with the
/// shift that the key makes of the clean embeddings, taken through the same map. Nothing affine that a thief has done is left in it, and an honest
/// model's rest knows nothing of the key. The other way round, from the suspect's to the clean, the fit itself would take the mark for noise
/// and filter it out.</para>
/// <para>z and p are against random keys of the same kind on the same probes: p = (1 + keys as extreme) / (1 + keys), one-sided, so it
/// cannot be below 1 / (1 + keys); z says how far beyond. The idea of a keyed direction is EmbMarker's (Peng et al., ACL 2023), of several
/// WARDEN's (Shetty et al., ACL 2024); the test is our own.</para>
/// </remarks>
public sealed class DirectionMarkTest
{
    /// <summary>Of the mean of the diagonal, in the regression.</summary>
    private const double Ridge = 1e-6;

    /// <summary>Of the mean of the diagonal, in the covariance of what is left over. As much as the mean itself: with less, directions
    /// in which little is left over, where all keys are alike, outweigh the others. Chosen on other keys than those of docs/ownership.md.</summary>
    private const double CovarianceRidge = 1;

    private readonly float[] _clean;
    private readonly int _dimension;
    private readonly double[] _rest;

    /// <summary>Fits the owner's embeddings to the suspect's.</summary>
    /// <param name="clean">The owner's, without a mark: row after row.</param>
    /// <param name="dimension">2 or more.</param>
    /// <param name="suspect">The suspect's of the same probes.</param>
    /// <param name="suspectDimension">1 or more.</param>
    /// <exception cref="ArgumentException">Rows are not equally many, fewer than four times the dimensions, or not finite.</exception>
    public DirectionMarkTest(ReadOnlySpan<float> clean, int dimension, ReadOnlySpan<float> suspect, int suspectDimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(suspectDimension, 1);
        int rows = clean.Length / dimension;
        int needed = 4 * (Math.Max(dimension, suspectDimension) + 1);
        if (rows * dimension != clean.Length || rows * suspectDimension != suspect.Length)
        {
            throw new ArgumentException($"{clean.Length} and {suspect.Length} numbers are not equally many rows of {dimension} and {suspectDimension}.", nameof(suspect));
        }

        if (rows < needed)
        {
            throw new ArgumentException($"{rows} probes are too few for {dimension} and {suspectDimension} dimensions; {needed - rows} more are needed.", nameof(clean));
        }

        RequireFinite(clean, dimension, "the owner's", nameof(clean));
        RequireFinite(suspect, suspectDimension, "the suspect's", nameof(suspect));
        Matrix<double> owner = ToMatrix(clean, rows, dimension, withOne: true);
        Matrix<double> theirs = ToMatrix(suspect, rows, suspectDimension, withOne: false);
        Matrix<double> map = Regress(owner, theirs);
        Matrix<double> rest = theirs - (owner * map);
        Matrix<double> covariance = rest.TransposeThisAndMultiply(rest);
        Damp(covariance, CovarianceRidge);
        Matrix<double> linear = map.SubMatrix(0, dimension, 0, suspectDimension);
        _rest = (linear * covariance.Cholesky().Solve(rest.Transpose())).ToColumnMajorArray(); // row after row of the rest
        _dimension = dimension;
        _clean = clean.ToArray();
    }

    /// <summary>Probes that were tested.</summary>
    public int Probes => _clean.Length / _dimension;

    /// <summary>Tests one key.</summary>
    /// <param name="key">The owner's.</param>
    /// <param name="options">As they were when answers were marked.</param>
    /// <param name="randomKeys">19 or more.</param>
    /// <param name="seed">The random keys follow from it.</param>
    /// <param name="controls">The p-values of control models; empty for none.</param>
    /// <returns>What <see cref="VerificationRequest.FurtherTests"/> takes. The same arguments give the same result. Cost: for each key 3 products a direction and number.</returns>
    /// <exception cref="ArgumentException">Options that no shield has, or too few random keys.</exception>
    public OwnershipTestResult Run(MarkKey key, DirectionMarkOptions options, int randomKeys, ulong seed, params IReadOnlyList<double> controls)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(controls);
        ArgumentOutOfRangeException.ThrowIfLessThan(randomKeys, 19);
        if (options is not { Directions: >= 1 and <= DirectionMark.Most, CosineBudget: >= 0.0001 and <= 0.1 })
        {
            throw new ArgumentException(
                FormattableString.Invariant($"The mark has {options.Directions} directions and a cosine budget of {options.CosineBudget}; a shield has 1 to {DirectionMark.Most} and .0001 to .1. Give the options that answers were marked with."), nameof(options));
        }

        double own = Correlate(key, options);
        double[] others = new double[randomKeys];
        byte[] bytes = new byte[MarkKey.Size];
        for (int i = 0; i < randomKeys; i++)
        {
            SeededRandom random = new(seed, (ulong)i);
            foreach (ref byte value in bytes.AsSpan())
            {
                value = (byte)random.NextInt32(256);
            }

            using MarkKey other = MarkKey.Import(bytes, "random", key.Model);
            others[i] = Correlate(other, options);
        }

        double mean = others.Average();
        double deviation = Math.Sqrt(others.Sum(other => (other - mean) * (other - mean)) / (randomKeys - 1));
        double z = (own - mean) / deviation;
        double[] ranks = [.. others.Order()];
        double small = others.Count(other => (1.0 + ranks.Count(rank => rank >= other)) / (1 + randomKeys) < 0.01) / (double)randomKeys;
        return new OwnershipTestResult(
            "direction", Probes, Probes, z, 0, z, z - 1.96, z + 1.96, "standard deviations of random keys",
            (1.0 + others.Count(other => other >= own)) / (1 + randomKeys), PValueMethod.RandomKeys, randomKeys, small, controls,
            "What an affine map from the owner's embeddings to the suspect's leaves over, against the key's shift; the same probes for all keys.");
    }

    /// <summary>The weighted correlation of the rest with a key's shift; its unit means nothing by itself.</summary>
    private double Correlate(MarkKey key, DirectionMarkOptions options)
    {
        DirectionMark mark = new(key, options);
        float[] marked = new float[_dimension];
        double product = 0;
        double square = 0;
        for (int first = 0; first < _clean.Length; first += _dimension)
        {
            ReadOnlySpan<float> row = _clean.AsSpan(first, _dimension);
            double length = 0;
            foreach (float value in row)
            {
                length += (double)value * value;
            }

            if (length == 0)
            {
                continue; // nothing is marked in it
            }

            mark.Apply(row, Math.Sqrt(length), marked);
            for (int i = 0; i < _dimension; i++)
            {
                double shift = (double)marked[i] - row[i];
                product += shift * _rest[first + i];
                square += shift * shift;
            }
        }

        return product / Math.Sqrt(Math.Max(square, 1e-300));
    }

    private static void RequireFinite(ReadOnlySpan<float> values, int dimension, string whose, string name)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new ArgumentException($"Row {i / dimension} of {whose} embeddings has a number that is not finite. Leave the probe out of both.", name);
            }
        }
    }

    private static Matrix<double> Regress(Matrix<double> left, Matrix<double> right)
    {
        Matrix<double> square = left.TransposeThisAndMultiply(left);
        Damp(square, Ridge);
        return square.Cholesky().Solve(left.TransposeThisAndMultiply(right));
    }

    private static void Damp(Matrix<double> square, double share)
    {
        double ridge = (share * square.Trace() / square.RowCount) + 1e-12;
        for (int i = 0; i < square.RowCount; i++)
        {
            square[i, i] += ridge;
        }
    }

    private static Matrix<double> ToMatrix(ReadOnlySpan<float> values, int rows, int columns, bool withOne)
    {
        int extra = withOne ? 1 : 0;
        Matrix<double> matrix = Matrix<double>.Build.Dense(rows, columns + extra);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                matrix[row, column] = values[(row * columns) + column];
            }

            if (withOne)
            {
                matrix[row, columns] = 1;
            }
        }

        return matrix;
    }
}
