namespace InferenceShield.Tests;

public sealed class SingularValuesTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(40, 7)]
    [InlineData(200, 26)]
    public void A_known_spectrum_is_found(int rows, int columns)
    {
        Random random = new(rows);
        double[] spectrum = [.. Enumerable.Range(0, columns).Select(i => Math.Pow(10, -12.0 * i / columns))];
        double[] found = SingularValues.Of(Make(rows, spectrum, random));
        Assert.Equal(columns, found.Length);
        for (int i = 0; i < columns; i++)
        {
            Assert.Equal(spectrum[i], found[i], 1e-14);
        }
    }

    [Fact]
    public void A_gap_of_a_million_is_seen_where_a_gram_matrix_sees_noise()
    {
        double[] spectrum = [5, 4, 3, 2, 1, 1e-10, 1e-10, 1e-10];
        double[] found = SingularValues.Of(Make(100, spectrum, new Random(5)));
        Assert.InRange(found[4] / found[5], 0.99e10, 1.01e10);
        Assert.Equal(1, found[6] / found[7], 1e-3);
    }

    [Fact]
    public void Zero_columns_and_equal_columns_are_rank_lost()
    {
        Assert.Equal([0, 0], SingularValues.Of([[0, 0, 0], [0, 0, 0]]));
        double[] found = SingularValues.Of([[1, 2, 2], [1, 2, 2], [0, 0, 0]]);
        Assert.Equal(Math.Sqrt(18), found[0], 1e-14);
        Assert.Equal(0, found[1], 1e-14);
        Assert.Equal(0, found[2]);
    }

    /// <summary>Orthonormal columns times the spectrum times an orthogonal matrix.</summary>
    private static double[][] Make(int rows, double[] spectrum, Random random)
    {
        double[][] left = Orthonormal(rows, spectrum.Length, random);
        double[][] right = Orthonormal(spectrum.Length, spectrum.Length, random);
        return [.. Enumerable.Range(0, spectrum.Length).Select(column =>
            Enumerable.Range(0, rows).Select(row => Enumerable.Range(0, spectrum.Length).Sum(i => left[i][row] * spectrum[i] * right[i][column])).ToArray())];
    }

    private static double[][] Orthonormal(int rows, int count, Random random)
    {
        double[][] columns = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, rows).Select(_ => random.NextDouble() - 0.5).ToArray())];
        for (int i = 0; i < count; i++)
        {
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    double dot = columns[i].Zip(columns[j], (a, b) => a * b).Sum();
                    columns[i] = [.. columns[i].Zip(columns[j], (a, b) => a - (dot * b))];
                }
            }

            double norm = Math.Sqrt(columns[i].Sum(value => value * value));
            columns[i] = Array.ConvertAll(columns[i], value => value / norm);
        }

        return columns;
    }
}
