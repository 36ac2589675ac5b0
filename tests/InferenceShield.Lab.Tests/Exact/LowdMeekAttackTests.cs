namespace InferenceShield.Lab.Tests;

public sealed class LowdMeekAttackTests
{
    // Nothing that keeps the label stops this attack: it reads nothing else.
    [Theory]
    [InlineData("none")]
    [InlineData("normal")]
    [InlineData("guarded")]
    [InlineData("restricted")]
    public async Task Labels_alone_give_away_the_hyperplane_of_two_classes_under_every_posture(string policy)
    {
        ExactResult result = await ExactTargets.StealAsync(new LowdMeekAttack(), ExactTargets.Binary, policy, 1500);
        Assert.True(result.IsRecovered, result.Verdict);
        Assert.True(ExactTargets.Agreement(ExactTargets.Binary, result.Copy!, ExactTargets.Test) >= 0.99, $"{result}");
        // 24 halvings for each of 16 values and the first, the brackets, and 256 for the check.
        Assert.InRange(result.Queries, 24 * 17, 1000);
    }

    [Fact]
    public async Task Weights_are_those_of_the_model_up_to_one_factor()
    {
        double[] weights = [3, -1, 0, 1e-3, 40, -7];
        double bias = 0.7;
        ExactResult result = await new LowdMeekAttack().StealAsync(Labels(weights, bias), new QueryContext(2000, 4, null, new SurrogateOptions()), default);
        LinearCopy copy = (LinearCopy)result.Copy!;
        double factor = copy.Weights.Span[weights.Length + 4] / 40;
        Assert.True(factor > 0 && result.IsRecovered, result.Verdict);
        for (int i = 0; i < weights.Length; i++)
        {
            Assert.Equal(weights[i], copy.Weights.Span[weights.Length + i] / factor, 1e-4);
        }

        Assert.Equal(bias, copy.Biases.Span[1] / factor, 1e-4);
    }

    [Fact]
    public async Task A_curved_boundary_is_told_from_a_hyperplane()
    {
        DoubleOracle ball = new(3, 2, (inputs, answers) =>
        {
            for (int row = 0; row < inputs.Length / 3; row++)
            {
                ReadOnlySpan<double> x = inputs.Span.Slice(row * 3, 3);
                answers.Span[2 * row] = (x[0] * x[0]) + (x[1] * x[1]) + (x[2] * x[2]) < 0.8 ? 1 : 0;
                answers.Span[(2 * row) + 1] = 1 - answers.Span[2 * row];
            }
        });
        ExactResult result = await new LowdMeekAttack().StealAsync(ball, new QueryContext(2000, 4, null, new SurrogateOptions()), default);
        Assert.False(result.IsRecovered);
        Assert.InRange(result.Residual, 0.05, 1);
        Assert.Contains("not a hyperplane", result.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_label_only_and_a_small_budget_are_verdicts_and_other_class_counts_an_error()
    {
        ExactResult oneLabel = await new LowdMeekAttack().StealAsync(Labels([0, 0], 1), new QueryContext(50, 4, null, new SurrogateOptions()), default);
        ExactResult small = await new LowdMeekAttack().StealAsync(Labels([1, 2], 0), new QueryContext(40, 4, null, new SurrogateOptions()), default);
        Assert.Contains("inputs of one label only", oneLabel.Verdict, StringComparison.Ordinal);
        Assert.Equal(50, oneLabel.Queries);
        Assert.Contains("budget of 40 queries", small.Verdict, StringComparison.Ordinal);
        Assert.Null(small.Copy);
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => ExactTargets.StealAsync(new LowdMeekAttack(), ExactTargets.Linear, "none", 100));
        Assert.Contains("has 26", error.Message, StringComparison.Ordinal);
    }

    private static DoubleOracle Labels(double[] weights, double bias) => new(weights.Length, 2, (inputs, answers) =>
    {
        for (int row = 0; row < inputs.Length / weights.Length; row++)
        {
            double sum = bias;
            for (int i = 0; i < weights.Length; i++)
            {
                sum += weights[i] * inputs.Span[(row * weights.Length) + i];
            }

            answers.Span[2 * row] = sum > 0 ? 0 : 1;
            answers.Span[(2 * row) + 1] = sum > 0 ? 1 : 0;
        }
    });
}
