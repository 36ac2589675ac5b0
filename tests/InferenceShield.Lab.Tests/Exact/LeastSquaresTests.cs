namespace InferenceShield.Lab.Tests;

public sealed class LeastSquaresTests
{
    [Fact]
    public void Solves_what_has_one_solution_reports_what_does_not_fit_and_leaves_nothing_undefined()
    {
        (double[] exact, double none) = LeastSquares.Solve([1, 0, 1, 1, 1, 2], 2, [3, 5, 7], 1);
        Assert.Equal(3, exact[0], 1e-9);
        Assert.Equal(2, exact[1], 1e-9);
        Assert.Equal(0, none, 1e-9);

        // The mean of 1, 2 and 6 is 3, and 2, 1 and 3 are off it.
        (double[] mean, double misfit) = LeastSquares.Solve([1, 1, 1], 1, [1, 2, 6], 1);
        Assert.Equal(3, mean[0], 1e-9);
        Assert.Equal(Math.Sqrt(14.0 / 3), misfit, 1e-9);

        // No equation speaks of the second unknown.
        (double[] free, _) = LeastSquares.Solve([1, 0, 2, 0, 3, 0], 2, [2, 4, 6], 1);
        Assert.Equal(2, free[0], 1e-9);
        Assert.Equal(0, free[1], 1e-9);
    }
}
