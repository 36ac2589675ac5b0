using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace InferenceShield.Lab;

/// <summary>Linear least squares through Householder QR.</summary>
internal static class LeastSquares
{
    // Pulls an unknown that no equation speaks of to zero; too weak to be seen in any other.
    private const double Damping = 1e-9;

    /// <summary>The solution of all right-hand sides at once.</summary>
    /// <param name="rows">Equations, row after row; at least as many as unknowns.</param>
    /// <param name="unknowns">Unknowns of an equation.</param>
    /// <param name="values">The right-hand sides of each equation, row after row.</param>
    /// <param name="sides">Right-hand sides of an equation.</param>
    /// <returns>Unknowns by sides, the sides of one unknown after another; and the root mean square of what the equations are off by.</returns>
    public static (double[] Solution, double Misfit) Solve(double[] rows, int unknowns, double[] values, int sides)
    {
        Matrix<double> left = Matrix<double>.Build.DenseOfRowMajor(rows.Length / unknowns, unknowns, rows);
        Matrix<double> right = Matrix<double>.Build.DenseOfRowMajor(values.Length / sides, sides, values);
        Matrix<double> damping = Matrix<double>.Build.DenseIdentity(unknowns) * (Damping * TensorPrimitives.MaxMagnitude<double>(rows));
        Matrix<double> solution = left.Stack(damping).QR(QRMethod.Thin).Solve(right.Stack(Matrix<double>.Build.Dense(unknowns, sides)));
        double misfit = ((left * solution) - right).FrobeniusNorm() / Math.Sqrt(values.Length);
        return (solution.ToRowMajorArray(), misfit);
    }
}
