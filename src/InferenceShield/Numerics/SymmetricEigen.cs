namespace InferenceShield.Numerics;

/// <summary>Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations (Golub and Van Loan, 8.5).</summary>
internal static class SymmetricEigen
{
    private const int MostSweeps = 60;

    /// <param name="matrix">Symmetric, row after row. Overwritten.</param>
    /// <param name="size">Its rows.</param>
    /// <returns>The eigenvalues, the largest first, and in the columns of a matrix their vectors.</returns>
    public static (double[] Values, double[] Vectors) Of(double[] matrix, int size)
    {
        double[] vectors = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            vectors[(i * size) + i] = 1;
        }

        for (int sweep = 0; sweep < MostSweeps; sweep++)
        {
            bool isTurned = false;
            for (int p = 0; p < size; p++)
            {
                for (int q = p + 1; q < size; q++)
                {
                    isTurned |= Rotate(matrix, vectors, size, p, q);
                }
            }

            if (!isTurned)
            {
                break;
            }
        }

        int[] order = [.. Enumerable.Range(0, size).OrderByDescending(i => matrix[(i * size) + i]).ThenBy(i => i)];
        double[] sorted = new double[size * size];
        for (int column = 0; column < size; column++)
        {
            for (int row = 0; row < size; row++)
            {
                sorted[(row * size) + column] = vectors[(row * size) + order[column]];
            }
        }

        return ([.. order.Select(i => matrix[(i * size) + i])], sorted);
    }

    /// <summary>Makes one pair of elements 0.</summary>
    /// <returns>False if they were as good as 0.</returns>
    private static bool Rotate(double[] matrix, double[] vectors, int size, int p, int q)
    {
        double off = matrix[(p * size) + q];
        if (Math.Abs(off) <= 1e-15 * Math.Sqrt(Math.Abs(matrix[(p * size) + p])) * Math.Sqrt(Math.Abs(matrix[(q * size) + q])))
        {
            return false;
        }

        double zeta = (matrix[(q * size) + q] - matrix[(p * size) + p]) / (2 * off);
        double tangent = Math.CopySign(1, zeta) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
        double cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
        double sine = cosine * tangent;
        for (int i = 0; i < size; i++)
        {
            (matrix[(i * size) + p], matrix[(i * size) + q]) = ((cosine * matrix[(i * size) + p]) - (sine * matrix[(i * size) + q]), (sine * matrix[(i * size) + p]) + (cosine * matrix[(i * size) + q]));
        }

        for (int i = 0; i < size; i++)
        {
            (matrix[(p * size) + i], matrix[(q * size) + i]) = ((cosine * matrix[(p * size) + i]) - (sine * matrix[(q * size) + i]), (sine * matrix[(p * size) + i]) + (cosine * matrix[(q * size) + i]));
            (vectors[(i * size) + p], vectors[(i * size) + q]) = ((cosine * vectors[(i * size) + p]) - (sine * vectors[(i * size) + q]), (sine * vectors[(i * size) + p]) + (cosine * vectors[(i * size) + q]));
        }

        return true;
    }
}
