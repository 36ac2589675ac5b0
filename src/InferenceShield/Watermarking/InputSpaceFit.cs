using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Learns an <see cref="InputSpace"/>.</summary>
internal static class InputSpaceFit
{
    private const int FewestRows = 100;
    private const int MostRows = 4096;
    private const int MostHeldRows = 1 << 16;

    /// <summary>Directions besides those that are kept, which makes them settle sooner.</summary>
    private const int Spare = 8;

    private const int Rounds = 12;

    /// <summary>Standard deviations below this share of the largest are rounding errors.</summary>
    private const double LeastShare = 1e-4;

    public static InputSpace Learn(ReadOnlySpan<float> rows, int inputLength, InputKind kind)
    {
        Check(rows, inputLength, kind);
        int count = rows.Length / inputLength;
        int fitted = Math.Min((count + 1) / 2, MostRows);
        int width = InputSpace.WidthOf(inputLength);
        float[] sample = new float[fitted * width];
        for (int row = 0; row < fitted; row++)
        {
            Fold(rows, inputLength, RowOf(row, fitted, (count + 1) / 2) * 2, sample.AsSpan(row * width, width));
        }

        (float[] mean, float[] scale) = Standardise(sample, width, kind);
        (float[] directions, double[] deviations) = FindDirections(sample, width);
        if (deviations.Length == 0)
        {
            throw new ArgumentException("The rows are all the same. Give inputs as honest users send them.", nameof(rows));
        }

        int held = Math.Min(count / 2, MostHeldRows);
        InputSpace start = new(inputLength, mean, scale, directions, deviations, 0, 0, held);
        InputReach reach = new(start);
        float[] memory = new float[width];
        double inner = 0;
        double outer = 0;
        for (int row = 0; row < held; row++)
        {
            int at = (RowOf(row, held, count / 2) * 2) + 1;
            (double rowInner, double rowOuter) = reach.Measure(start.Fold(rows.Slice(at * inputLength, inputLength), memory));
            inner = Math.Max(inner, rowInner);
            outer = Math.Max(outer, rowOuter);
        }

        return new InputSpace(inputLength, mean, scale, directions, deviations, inner, outer, held);
    }

    /// <summary>Rows that lie evenly among all.</summary>
    private static int RowOf(int row, int taken, int all) => (int)((long)row * all / taken);

    private static void Fold(ReadOnlySpan<float> rows, int inputLength, int row, Span<float> folded)
    {
        ReadOnlySpan<float> input = rows.Slice(row * inputLength, inputLength);
        InputSpace.Fold(input, InputSpace.BlockOf(inputLength), folded).CopyTo(folded);
    }

    private static (float[] Mean, float[] Scale) Standardise(float[] sample, int width, InputKind kind)
    {
        int count = sample.Length / width;
        double[] sums = new double[width];
        double[] squares = new double[width];
        for (int i = 0; i < sample.Length; i++)
        {
            sums[i % width] += sample[i];
        }

        float[] mean = Array.ConvertAll(sums, sum => (float)(sum / count));
        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] -= mean[i % width];
            squares[i % width] += (double)sample[i] * sample[i];
        }

        float[] scale = new float[width];
        for (int j = 0; j < width; j++)
        {
            float inverse = (float)(1 / Math.Sqrt(squares[j] / count));
            scale[j] = kind == InputKind.Tabular && squares[j] > 0 && float.IsFinite(inverse) ? inverse : 1;
        }

        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] *= scale[i % width];
        }

        return (mean, scale);
    }

    /// <summary>Orthogonal iteration, then a turn within the space that it found.</summary>
    private static (float[] Directions, double[] Deviations) FindDirections(float[] sample, int width)
    {
        int rows = sample.Length / width;
        int kept = Math.Min(InputSpace.MostDirections, width / 2);
        int count = Math.Min(kept + Spare, width);
        double[] start = new double[width];
        float[][] vectors = new float[count][];
        KeyedGaussians gaussians = new(new byte[CounterRandom.KeySize]); // nothing secret: any start will do
        for (int k = 0; k < count; k++)
        {
            gaussians.Fill((ulong)k, start);
            vectors[k] = Array.ConvertAll(start, value => (float)value);
        }

        Orthonormalise(vectors);
        for (int round = 0; round < Rounds; round++)
        {
            float[][] next = [.. vectors.Select(_ => new float[width])];
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<float> one = sample.AsSpan(row * width, width);
                for (int k = 0; k < count; k++)
                {
                    TensorPrimitives.MultiplyAdd(one, TensorPrimitives.Dot(one, vectors[k]) / rows, next[k], next[k]);
                }
            }

            vectors = next;
            Orthonormalise(vectors);
        }

        double[] covariance = new double[count * count];
        double[] along = new double[count];
        for (int row = 0; row < rows; row++)
        {
            for (int k = 0; k < count; k++)
            {
                along[k] = TensorPrimitives.Dot<float>(sample.AsSpan(row * width, width), vectors[k]);
                for (int j = 0; j <= k; j++)
                {
                    covariance[(j * count) + k] = covariance[(k * count) + j] += along[k] * along[j] / rows;
                }
            }
        }

        (double[] variances, double[] turn) = SymmetricEigen.Of(covariance, count);
        double least = LeastShare * LeastShare * variances[0];
        kept = variances.Take(kept).Count(variance => variance > 0 && variance >= least);
        float[] directions = new float[kept * width];
        double[] sum = new double[width];
        for (int k = 0; k < kept; k++)
        {
            Array.Clear(sum);
            for (int j = 0; j < count; j++)
            {
                for (int i = 0; i < width; i++)
                {
                    sum[i] += turn[(j * count) + k] * vectors[j][i];
                }
            }

            double norm = TensorPrimitives.Norm<double>(sum);
            for (int i = 0; i < width; i++)
            {
                directions[(k * width) + i] = (float)(sum[i] / norm);
            }
        }

        return (directions, [.. variances.Take(kept).Select(Math.Sqrt)]);
    }

    /// <summary>Gram and Schmidt, twice, which is enough (Giraud et al. 2005). What vanishes becomes 0.</summary>
    private static void Orthonormalise(float[][] vectors)
    {
        for (int k = 0; k < vectors.Length; k++)
        {
            float before = TensorPrimitives.Norm<float>(vectors[k]);
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < k; j++)
                {
                    TensorPrimitives.MultiplyAdd(vectors[j], -TensorPrimitives.Dot<float>(vectors[k], vectors[j]), vectors[k], vectors[k]);
                }
            }

            float norm = TensorPrimitives.Norm<float>(vectors[k]);
            TensorPrimitives.Multiply(vectors[k], norm > 1e-5f * before ? 1 / norm : 0, vectors[k]);
        }
    }

    private static void Check(ReadOnlySpan<float> rows, int inputLength, InputKind kind)
    {
        if (kind is InputKind.Tokens || !Enum.IsDefined(kind))
        {
            throw new ArgumentException($"Marks do not live in inputs of kind {kind}; possible: Image and Tabular.", nameof(kind));
        }

        if (inputLength is < 2 or > InputSpace.MaximumInputLength)
        {
            throw new ArgumentOutOfRangeException(nameof(inputLength), inputLength, $"A row has 2 to {InputSpace.MaximumInputLength} numbers.");
        }

        if (rows.Length % inputLength != 0 || rows.Length / inputLength < FewestRows)
        {
            throw new ArgumentException($"An input space is learned of at least {FewestRows} whole rows of {inputLength} numbers; {rows.Length} numbers are {rows.Length / inputLength} rows and {rows.Length % inputLength} numbers.", nameof(rows));
        }

        for (int i = 0; i < rows.Length; i++)
        {
            if (!float.IsFinite(rows[i]))
            {
                throw new ArgumentException($"Number {i % inputLength} of row {i / inputLength} is not finite. Leave such rows out.", nameof(rows));
            }
        }
    }
}
