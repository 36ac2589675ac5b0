using System.Numerics.Tensors;
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
    /// <summary>As in <see cref="OwnershipTestResult.Name"/>.</summary>
    internal const string Name = "direction";

    /// <summary>What has to be said of a result.</summary>
    internal const string Note = "What an affine map from the owner's embeddings to the suspect's leaves over, against the key's shift; the same probes for all keys. Needed are probes that found a network trained on 6,000 answers at the default mark; a smaller mark, fewer answers or a simpler copy leave less, and more probes help little.";

    /// <summary>Of the mean of the diagonal, in the regression.</summary>
    private const double Ridge = 1e-6;

    /// <summary>Of the mean of the diagonal, in the covariance of what is left over. As much as the mean itself: with less, directions
    /// in which little is left over, where all keys are alike, outweigh the others. Chosen on other keys than those of docs/ownership.md.</summary>
    private const double CovarianceRidge = 1;

    /// <summary>Of a network that was trained on 6,000 answers at the default mark: the least z of three keys by probes, rounded down. It hardly grows
    /// with more of them. See docs/ownership.md.</summary>
    private static readonly (int Probes, double Z)[] s_measured = [(375, 3.5), (1_500, 4.2), (3_000, 5.0)];

    private readonly float[] _clean;
    private readonly int _dimension;
    private readonly float[] _rest;
    private readonly double[] _lengths;
    private readonly double[] _along;

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
        int needed = FewestProbes(dimension, suspectDimension);
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
        _rest = Array.ConvertAll((linear * covariance.Cholesky().Solve(rest.Transpose())).ToColumnMajorArray(), static value => (float)value); // row after row
        _dimension = dimension;
        SuspectDimension = suspectDimension;
        _clean = clean.ToArray();
        _lengths = new double[rows];
        _along = new double[rows];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> own = _clean.AsSpan(row * dimension, dimension);
            _lengths[row] = Math.Sqrt(TensorPrimitives.Dot(own, own));
            _along[row] = TensorPrimitives.Dot<float>(own, _rest.AsSpan(row * dimension, dimension));
        }

        Vector<double> means = theirs.ColumnSums() / rows;
        double spread = Math.Pow(theirs.FrobeniusNorm(), 2) - (rows * means.DotProduct(means));
        double left = Math.Pow(rest.FrobeniusNorm(), 2) / (rows - dimension - 1.0) * (rows - 1);
        Explained = spread > 0 ? Math.Max(0, 1 - (left / spread)) : 0;
    }

    /// <summary>The share of the suspect's variance that an affine map of the owner's embeddings gives, adjusted for its degrees of freedom.</summary>
    internal double Explained { get; }

    /// <summary>Fewer probes leave the regression nothing over.</summary>
    internal static int FewestProbes(int dimension, int suspectDimension) => 4 * (Math.Max(dimension, suspectDimension) + 1);

    /// <summary>The probes that gave a p-value with each of three measured keys; <see cref="CellPower.Never"/> where none did, or for a mark smaller than the default.</summary>
    internal static int NeededProbes(DirectionMarkOptions options, int dimension, int suspectDimension, double pValue)
    {
        DirectionMarkOptions measured = new();
        double z = -MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, pValue);
        int probes = options.CosineBudget < measured.CosineBudget || options.Directions < measured.Directions ? 0 : Array.Find(s_measured, found => found.Z >= z).Probes;
        return probes == 0 ? CellPower.Never : Math.Max(FewestProbes(dimension, suspectDimension), probes);
    }

    /// <summary>What is correlated with shifts, row after row.</summary>
    internal ReadOnlySpan<float> Rest => _rest;

    private int SuspectDimension { get; }

    /// <summary>Probes that were tested.</summary>
    public int Probes => _clean.Length / _dimension;

    /// <summary>Tests one key.</summary>
    /// <param name="key">The owner's.</param>
    /// <param name="options">As they were when answers were marked.</param>
    /// <param name="randomKeys">19 or more.</param>
    /// <param name="seed">The random keys follow from it.</param>
    /// <param name="controls">The p-values of control models; empty for none.</param>
    /// <returns>What <see cref="VerificationRequest.FurtherTests"/> takes. The same arguments give the same result. Cost: for each key 3 products a probe, direction and number.</returns>
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

        (double own, double[] others) = Measure(key, options, randomKeys, seed);
        double mean = others.Average();
        double deviation = Math.Sqrt(others.Sum(other => (other - mean) * (other - mean)) / (randomKeys - 1));
        double z = (own - mean) / deviation;
        return new OwnershipTestResult(
            Name, Probes, NeededProbes(options, _dimension, SuspectDimension, VerdictRules.Copying), z, 0, z, z - 1.96, z + 1.96, "standard deviations of random keys",
            (1.0 + others.Count(other => other >= own)) / (1 + randomKeys), PValueMethod.RandomKeys, randomKeys, KeyCalibration.ShareOf(others), controls,
            Note);
    }

    /// <summary>The statistic under a key and under random ones; its unit means nothing by itself.</summary>
    /// <remarks>On all processors; the same on any number of them.</remarks>
    internal (double Own, double[] Random) Measure(MarkKey key, DirectionMarkOptions options, int randomKeys, ulong seed, CancellationToken cancellationToken = default)
    {
        double[] others = new double[randomKeys];
        Parallel.For(0, randomKeys, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            SeededRandom random = new(seed, (ulong)i);
            Span<byte> bytes = stackalloc byte[MarkKey.Size];
            foreach (ref byte value in bytes)
            {
                value = (byte)random.NextInt32(256);
            }

            using MarkKey other = MarkKey.Import(bytes, "random", key.Model);
            others[i] = Correlate(other, options);
        });
        return (Correlate(key, options), others);
    }

    /// <summary>The weighted correlation of the rest with a key's shift. The shift is not made: its products follow from those of the key's vectors.</summary>
    internal double Correlate(MarkKey key, DirectionMarkOptions options)
    {
        DirectionMark mark = new(key, options);
        DirectionMark.Vectors vectors = mark.VectorsOf(_dimension);
        int count = vectors.Phases.Length;
        double product = 0;
        double square = 0;
        for (int row = 0; row < _lengths.Length; row++)
        {
            double length = _lengths[row];
            if (length == 0)
            {
                continue; // nothing is marked in it
            }

            ReadOnlySpan<float> own = _clean.AsSpan(row * _dimension, _dimension);
            ReadOnlySpan<float> rest = _rest.AsSpan(row * _dimension, _dimension);
            double along = 0;
            double waves = 0;
            double towards = 0;
            for (int j = 0; j < count; j++)
            {
                ReadOnlySpan<float> target = vectors.Targets.AsSpan(j * _dimension, _dimension);
                double wave = Math.Cos((DirectionMark.Frequency * TensorPrimitives.Dot(vectors.Signs.AsSpan(j * _dimension, _dimension), own) / length) + vectors.Phases[j]);
                along += wave * (TensorPrimitives.Dot(target, own) / length);
                waves += wave * wave;
                towards += wave * TensorPrimitives.Dot(target, rest);
            }

            double left = Math.Sqrt(Math.Max(0, waves - (along * along)));
            if (left >= 1e-9)
            {
                double angle = mark.AngleOf(left, count);
                double sideways = Math.Sin(angle) / left;
                product += ((Math.Cos(angle) - 1 - (sideways * along)) * _along[row]) + (sideways * length * towards);
                square += length * length * 2 * (1 - Math.Cos(angle));
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
