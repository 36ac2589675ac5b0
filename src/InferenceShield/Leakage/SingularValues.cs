using System.Numerics.Tensors;

namespace InferenceShield;

/// <summary>Singular values of a tall matrix: Householder QR, then one-sided Jacobi on R (Demmel and Veselic, 1992).</summary>
/// <remarks>Nothing is squared into a Gram matrix: values down to some 1e-15 of the largest are told apart. Cost: rows x
/// columns^2, then about ten sweeps of columns^3.</remarks>
internal static class SingularValues
{
    private const int MostSweeps = 60;
    private const double Tolerance = 1e-15;

    /// <param name="columns">The columns, each as long as there are rows, and not more of them than rows. Overwritten.</param>
    /// <returns>As many as columns, the largest first.</returns>
    public static double[] Of(double[][] columns)
    {
        int count = columns.Length;
        double[][] triangle = Triangulate(columns);
        for (int sweep = 0; sweep < MostSweeps; sweep++)
        {
            bool rotated = false;
            for (int i = 0; i < count; i++)
            {
                for (int j = i + 1; j < count; j++)
                {
                    rotated |= Rotate(triangle[i], triangle[j]);
                }
            }

            if (!rotated)
            {
                break;
            }
        }

        double[] values = Array.ConvertAll(triangle, column => (double)TensorPrimitives.Norm<double>(column));
        Array.Sort(values);
        Array.Reverse(values);
        return values;
    }

    /// <summary>R of the QR decomposition, column by column.</summary>
    private static double[][] Triangulate(double[][] columns)
    {
        int count = columns.Length;
        for (int k = 0; k < count; k++)
        {
            Span<double> reflector = columns[k].AsSpan(k);
            double norm = TensorPrimitives.Norm<double>(reflector);
            if (norm == 0)
            {
                continue;
            }

            double diagonal = reflector[0] > 0 ? -norm : norm;
            reflector[0] -= diagonal;
            double square = TensorPrimitives.Dot<double>(reflector, reflector);
            for (int j = k + 1; j < count; j++)
            {
                Span<double> column = columns[j].AsSpan(k);
                double share = -2 * TensorPrimitives.Dot<double>(reflector, column) / square;
                TensorPrimitives.MultiplyAdd<double>(reflector, share, column, column);
            }

            reflector[0] = diagonal;
        }

        double[][] triangle = new double[count][];
        for (int k = 0; k < count; k++)
        {
            triangle[k] = new double[count];
            columns[k].AsSpan(0, k + 1).CopyTo(triangle[k]);
        }

        return triangle;
    }

    /// <summary>Makes two columns orthogonal.</summary>
    /// <returns>False if they were.</returns>
    private static bool Rotate(double[] left, double[] right)
    {
        double a = TensorPrimitives.Dot<double>(left, left);
        double b = TensorPrimitives.Dot<double>(right, right);
        double c = TensorPrimitives.Dot<double>(left, right);
        if (Math.Abs(c) <= Tolerance * Math.Sqrt(a) * Math.Sqrt(b))
        {
            return false;
        }

        double zeta = (b - a) / (2 * c);
        double tangent = Math.CopySign(1, zeta) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
        double cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
        double sine = cosine * tangent;
        for (int i = 0; i < left.Length; i++)
        {
            double l = left[i];
            left[i] = (cosine * l) - (sine * right[i]);
            right[i] = (sine * l) + (cosine * right[i]);
        }

        return true;
    }
}
