namespace InferenceShield.Tests;

/// <summary>A dense tableau simplex in two phases: slow, short, and nothing else. Minimises costs x over rows x &lt;= bounds, x &gt;= 0.</summary>
internal sealed class LinearProgram
{
    private const double Tolerance = 1e-11;

    private readonly int _variables;
    private readonly int _columns;
    private readonly double[][] _tableau;
    private readonly int[] _basis;
    private readonly bool _largestFirst;

    private LinearProgram(double[][] rows, double[] bounds, int variables, bool largestFirst)
    {
        _variables = variables;
        _columns = variables + rows.Length + bounds.Count(bound => bound < 0) + 1; // variables, slacks, artificial ones, right-hand side
        int artificial = variables + rows.Length;
        _basis = new int[rows.Length];
        _tableau = new double[rows.Length][];
        _largestFirst = largestFirst;
        for (int i = 0; i < rows.Length; i++)
        {
            double sign = bounds[i] < 0 ? -1 : 1;
            double[] line = _tableau[i] = new double[_columns];
            for (int j = 0; j < variables; j++)
            {
                line[j] = sign * rows[i][j];
            }

            line[variables + i] = sign;
            line[^1] = sign * bounds[i];
            _basis[i] = variables + i;
            if (sign < 0)
            {
                line[artificial] = 1;
                _basis[i] = artificial++;
            }
        }
    }

    /// <summary>The optimum, or null if there is no point that keeps the bounds.</summary>
    /// <param name="costs">What is minimised.</param>
    /// <param name="rows">As long as the costs each.</param>
    /// <param name="bounds">One for each row.</param>
    /// <param name="largestFirst">Dantzig's rule, which is faster, before Bland's, which always ends.</param>
    public static double[]? Minimize(double[] costs, double[][] rows, double[] bounds, bool largestFirst = false)
    {
        LinearProgram program = new(rows, bounds, costs.Length, largestFirst);
        if (bounds.Any(bound => bound < 0) && !program.FindPoint())
        {
            return null;
        }

        double[] objective = new double[program._columns];
        costs.CopyTo(objective, 0);
        program.Run(objective, program._variables + rows.Length);
        double[] point = new double[costs.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            if (program._basis[i] < point.Length)
            {
                point[program._basis[i]] = program._tableau[i][^1];
            }
        }

        return point;
    }

    /// <summary>Drives the artificial variables to 0 and out of the basis.</summary>
    private bool FindPoint()
    {
        int firstArtificial = _variables + _basis.Length;
        double[] objective = new double[_columns];
        Array.Fill(objective, 1, firstArtificial, _columns - 1 - firstArtificial);
        Run(objective, _columns - 1);
        for (int i = 0; i < _basis.Length; i++)
        {
            if (_basis[i] < firstArtificial)
            {
                continue;
            }

            if (_tableau[i][^1] > 1e-10)
            {
                return false;
            }

            int column = Array.FindIndex(_tableau[i], 0, firstArtificial, value => Math.Abs(value) > 1e-9);
            if (column >= 0)
            {
                Pivot(i, column, objective);
            }
        }

        return true;
    }

    private void Run(double[] objective, int columns)
    {
        for (int i = 0; i < _basis.Length; i++)
        {
            Subtract(objective, _tableau[i], objective[_basis[i]]);
        }

        int largestFirst = _largestFirst ? 20 * _basis.Length : 0;
        for (int steps = 0; steps < 100_000; steps++)
        {
            int column = Enter(objective, columns, steps < largestFirst);
            if (column < 0)
            {
                return;
            }

            int row = Leave(column);
            if (row < 0)
            {
                throw new InvalidOperationException("Unbounded.");
            }

            Pivot(row, column, objective);
        }

        throw new InvalidOperationException("No end.");
    }

    private static int Enter(double[] objective, int columns, bool largestFirst)
    {
        if (!largestFirst)
        {
            return Array.FindIndex(objective, 0, columns, value => value < -Tolerance);
        }

        int column = -1;
        double least = -Tolerance;
        for (int j = 0; j < columns; j++)
        {
            if (objective[j] < least)
            {
                least = objective[j];
                column = j;
            }
        }

        return column;
    }

    private int Leave(int column)
    {
        int row = -1;
        double least = double.PositiveInfinity;
        for (int i = 0; i < _basis.Length; i++)
        {
            if (_tableau[i][column] > Tolerance)
            {
                double ratio = _tableau[i][^1] / _tableau[i][column];
                if (ratio < least - 1e-15 || (ratio <= least + 1e-15 && _basis[i] < _basis[row]))
                {
                    least = ratio;
                    row = i;
                }
            }
        }

        return row;
    }

    private void Pivot(int row, int column, double[] objective)
    {
        double[] line = _tableau[row];
        double factor = 1 / line[column];
        for (int j = 0; j < line.Length; j++)
        {
            line[j] *= factor;
        }

        for (int i = 0; i < _tableau.Length; i++)
        {
            if (i != row && _tableau[i][column] != 0)
            {
                Subtract(_tableau[i], line, _tableau[i][column]);
            }
        }

        Subtract(objective, line, objective[column]);
        _basis[row] = column;
    }

    private static void Subtract(double[] line, double[] other, double factor)
    {
        if (factor != 0)
        {
            for (int j = 0; j < line.Length; j++)
            {
                line[j] -= factor * other[j];
            }
        }
    }
}
