using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Where vectors of benign queries lie, label by label: a mean and a whitening matrix each. Immutable, thread-safe.</summary>
/// <remarks>A label with fewer than 20 rows has the mean of all rows; one with fewer than 200 has the covariance that is
/// pooled within labels. Covariances are shrunk: .9 C + .1 diag C + a ridge. Above 64 numbers covariances are diagonal and pooled.</remarks>
internal sealed class LabelGaussians
{
    /// <summary>Rows of a label for a mean of its own.</summary>
    public const int RowsForMean = 20;

    /// <summary>Rows of a label for a covariance of its own.</summary>
    public const int RowsForCovariance = 200;

    /// <summary>Numbers up to which covariances are full.</summary>
    public const int LongestFull = 64;

    /// <summary>Below, a squared distance is as good as none.</summary>
    private const float LeastSquare = 1e-6f;

    private const double Shrinkage = .1;

    private readonly int _length;
    private readonly int[] _meanOf;
    private readonly int[] _whitenerOf;
    private readonly float[] _means;
    private readonly float[] _whiteners;

    private LabelGaussians(int length, int[] meanOf, int[] whitenerOf, float[] means, float[] whiteners)
    {
        _length = length;
        _meanOf = meanOf;
        _whitenerOf = whitenerOf;
        _means = means;
        _whiteners = whiteners;
    }

    private bool IsFull => _length <= LongestFull;

    private int WhitenerSize => IsFull ? _length * WhitenedNorm.Stride(_length) : _length;

    /// <summary>Learns of rows of numbers and their labels.</summary>
    public static LabelGaussians Learn(ReadOnlySpan<float> rows, int length, ReadOnlySpan<int> labels, int classes)
    {
        float[] means = LabelMeans.Learn(rows, length, labels, classes, out int[] meanOf, out int[] counts);
        bool full = length <= LongestFull;
        int[] whitenerOf = new int[classes];
        int own = 0;
        for (int label = 0; label < classes && full; label++)
        {
            whitenerOf[label] = counts[label] >= RowsForCovariance ? ++own : 0;
        }

        int size = full ? length * length : length;
        double[] sums = new double[(own + 1) * size];
        double[] offsets = new double[length];
        for (int row = 0; row < labels.Length; row++)
        {
            int label = labels[row];
            for (int i = 0; i < length; i++)
            {
                offsets[i] = rows[(row * length) + i] - means[(meanOf[label] * length) + i];
            }

            Add(offsets, sums.AsSpan(0, size));
            if (whitenerOf[label] > 0)
            {
                Add(offsets, sums.AsSpan(whitenerOf[label] * size, size));
            }
        }

        LabelGaussians gaussians = new(length, meanOf, whitenerOf, means, new float[(own + 1) * (full ? length * WhitenedNorm.Stride(length) : length)]);
        gaussians.Whiten(sums.AsSpan(0, size), labels.Length, 0);
        for (int label = 0; label < classes; label++)
        {
            if (whitenerOf[label] > 0)
            {
                gaussians.Whiten(sums.AsSpan(whitenerOf[label] * size, size), counts[label], whitenerOf[label]);
            }
        }

        return gaussians;
    }

    /// <summary>ln of the squared Mahalanobis distance, at least ln 1e-6.</summary>
    /// <param name="label">0 to classes - 1.</param>
    /// <param name="values">As many as learned.</param>
    public float LogDistance(int label, ReadOnlySpan<float> values)
    {
        ReadOnlySpan<float> means = _means.AsSpan(_meanOf[label] * _length, _length);
        ReadOnlySpan<float> whitener = _whiteners.AsSpan(_whitenerOf[label] * WhitenerSize, WhitenerSize);
        float square = IsFull
            ? WhitenedNorm.Square(values, means, whitener)
            : WhitenedNorm.SquareDiagonal(values, means, whitener);
        return MathF.Log(Math.Clamp(square, LeastSquare, float.MaxValue));
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(_length);
        ProfileFile.Write(writer, _meanOf);
        ProfileFile.Write(writer, _whitenerOf);
        ProfileFile.Write(writer, _means);
        ProfileFile.Write(writer, _whiteners);
    }

    public static LabelGaussians Read(BinaryReader reader) =>
        new(reader.ReadInt32(), ProfileFile.ReadIntegers(reader), ProfileFile.ReadIntegers(reader), ProfileFile.ReadFloats(reader), ProfileFile.ReadFloats(reader));

    private static void Add(double[] offsets, Span<double> sums)
    {
        if (sums.Length == offsets.Length)
        {
            for (int i = 0; i < offsets.Length; i++)
            {
                sums[i] += offsets[i] * offsets[i];
            }

            return;
        }

        for (int i = 0; i < offsets.Length; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                sums[(i * offsets.Length) + j] += offsets[i] * offsets[j];
            }
        }
    }

    /// <summary>Turns sums of products into a whitening matrix: the inverse of the covariance's Cholesky factor, column by column.</summary>
    private void Whiten(Span<double> sums, int count, int index)
    {
        Span<float> whitener = _whiteners.AsSpan(index * WhitenerSize, WhitenerSize);
        int step = IsFull ? _length + 1 : 1;
        double trace = 0;
        for (int i = 0; i < _length; i++)
        {
            trace += sums[i * step] / count;
        }

        double ridge = (1e-3 * trace / _length) + 1e-9;
        if (!IsFull)
        {
            for (int i = 0; i < _length; i++)
            {
                whitener[i] = (float)(1 / Math.Sqrt((sums[i] / count) + ridge));
            }

            return;
        }

        double[] inverse = InverseFactor(sums, count, ridge);
        int stride = WhitenedNorm.Stride(_length);
        for (int row = 0; row < _length; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                whitener[(column * stride) + row] = (float)inverse[(row * _length) + column];
            }
        }
    }

    /// <summary>L^-1 of the shrunk covariance L L'.</summary>
    private double[] InverseFactor(Span<double> sums, int count, double ridge)
    {
        int n = _length;
        double[] factor = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double value = sums[(i * n) + j] / count;
                value = i == j ? value + ridge : (1 - Shrinkage) * value;
                for (int k = 0; k < j; k++)
                {
                    value -= factor[(i * n) + k] * factor[(j * n) + k];
                }

                factor[(i * n) + j] = i == j ? Math.Sqrt(Math.Max(value, ridge * 1e-3)) : value / factor[(j * n) + j];
            }
        }

        double[] inverse = new double[n * n];
        for (int column = 0; column < n; column++)
        {
            inverse[(column * n) + column] = 1 / factor[(column * n) + column];
            for (int row = column + 1; row < n; row++)
            {
                double value = 0;
                for (int k = column; k < row; k++)
                {
                    value -= factor[(row * n) + k] * inverse[(k * n) + column];
                }

                inverse[(row * n) + column] = value / factor[(row * n) + row];
            }
        }

        return inverse;
    }
}
