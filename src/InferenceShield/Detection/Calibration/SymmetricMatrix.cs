namespace InferenceShield;

/// <summary>Small symmetric positive definite matrices, in double precision and a fixed order: calibration only.</summary>
internal static class SymmetricMatrix
{
    /// <summary>The lower triangular L with L L' = matrix (Cholesky), in place; what is above the diagonal becomes 0.</summary>
    /// <returns>Whether the matrix is positive definite. If not, its content is spoilt.</returns>
    public static bool TryFactor(Span<double> matrix, int size)
    {
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                double sum = matrix[(row * size) + column];
                for (int k = 0; k < column; k++)
                {
                    sum -= matrix[(row * size) + k] * matrix[(column * size) + k];
                }

                if (row != column)
                {
                    matrix[(row * size) + column] = sum / matrix[(column * size) + column];
                }
                else if (sum > 0 && double.IsFinite(sum))
                {
                    matrix[(row * size) + row] = Math.Sqrt(sum);
                }
                else
                {
                    return false;
                }
            }

            matrix.Slice((row * size) + row + 1, size - row - 1).Clear();
        }

        return true;
    }

    /// <summary>Solves L L' x = right, in place.</summary>
    public static void Solve(ReadOnlySpan<double> factor, Span<double> right)
    {
        int size = right.Length;
        for (int row = 0; row < size; row++)
        {
            double sum = right[row];
            for (int k = 0; k < row; k++)
            {
                sum -= factor[(row * size) + k] * right[k];
            }

            right[row] = sum / factor[(row * size) + row];
        }

        for (int row = size - 1; row >= 0; row--)
        {
            double sum = right[row];
            for (int k = row + 1; k < size; k++)
            {
                sum -= factor[(k * size) + row] * right[k];
            }

            right[row] = sum / factor[(row * size) + row];
        }
    }

    /// <summary>The inverse of L, lower triangular too.</summary>
    public static double[] InvertFactor(ReadOnlySpan<double> factor, int size)
    {
        double[] inverse = new double[size * size];
        for (int column = 0; column < size; column++)
        {
            inverse[(column * size) + column] = 1 / factor[(column * size) + column];
            for (int row = column + 1; row < size; row++)
            {
                double sum = 0;
                for (int k = column; k < row; k++)
                {
                    sum -= factor[(row * size) + k] * inverse[(k * size) + column];
                }

                inverse[(row * size) + column] = sum / factor[(row * size) + row];
            }
        }

        return inverse;
    }
}
