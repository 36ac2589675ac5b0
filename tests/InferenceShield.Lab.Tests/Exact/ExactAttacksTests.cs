namespace InferenceShield.Lab.Tests;

public sealed class ExactAttacksTests
{
    [Fact]
    public async Task Answers_that_are_no_distributions_are_an_error_that_names_query_and_class()
    {
        foreach (float wrong in new[] { float.NaN, float.PositiveInfinity, -0.5f })
        {
            DelegateOracle oracle = new(2, 3, (inputs, answers) =>
            {
                answers.Span.Fill(1f / 3);
                answers.Span[4] = wrong;
            });
            InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(
                () => new EquationAttack().StealAsync(DoubleOracle.Of(oracle), Context(10), default));
            Assert.Contains("query 1", error.Message, StringComparison.Ordinal);
            Assert.Contains("class 1", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_pool_of_another_width_is_an_error_and_a_refusal_or_a_small_budget_a_verdict()
    {
        DoubleOracle oracle = DoubleOracle.Of(new RefusingOracle());
        foreach (IExactAttack attack in ExactAttacks.All)
        {
            ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
                () => attack.StealAsync(oracle, Context(1000) with { Pool = new Dataset("narrow", new float[9], 3) }, default));
            Assert.Contains("'narrow' have 3 values; the model takes 2", error.Message, StringComparison.Ordinal);
            ExactResult refused = await attack.StealAsync(oracle, Context(1000), default);
            Assert.Contains("refused", refused.Verdict, StringComparison.Ordinal);
            Assert.False(refused.IsRecovered);
            Assert.True(refused.Queries > 0);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attack.StealAsync(oracle, Context(1000), new CancellationToken(true)));
        }

        ExactResult small = await new EquationAttack().StealAsync(oracle, Context(2), default);
        Assert.Equal("Not recovered: 3 unknowns a class need as many queries; the budget is 2.", small.Verdict);
        Assert.Equal(0, small.Queries);
    }

    [Fact]
    public async Task One_value_is_taken_for_the_probability_of_the_second_of_two_classes()
    {
        DelegateOracle sigmoid = new(1, 1, (inputs, answers) =>
        {
            for (int row = 0; row < inputs.Length; row++)
            {
                answers.Span[row] = 1 / (1 + MathF.Exp(-(2 * inputs.Span[row]) - 0.5f));
            }
        });
        ExactResult result = await new EquationAttack().StealAsync(DoubleOracle.Of(sigmoid), Context(8), default);
        LinearCopy copy = (LinearCopy)result.Copy!;
        Assert.Equal(2, copy.Weights.Span[1] - copy.Weights.Span[0], 1e-4);
        Assert.Equal(0.5, copy.Biases.Span[1] - copy.Biases.Span[0], 1e-4);
    }

    [Fact]
    public void Attacks_are_found_by_name()
    {
        Assert.All(ExactAttacks.All, attack => Assert.Same(attack, ExactAttacks.Get(attack.Name)));
        Assert.Contains("equation, lowd-meek", Assert.Throws<ArgumentException>(() => ExactAttacks.Get("equations")).Message, StringComparison.Ordinal);
    }

    private static QueryContext Context(int budget) => new(budget, 1, null, new SurrogateOptions());

    /// <summary>Answers half of each batch.</summary>
    private sealed class RefusingOracle : IOracle
    {
        public int InputLength => 2;

        public int AnswerLength => 2;

        public ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
        {
            answers.Span.Fill(0.5f);
            return ValueTask.FromResult(new OracleReply(inputs.Length / 4));
        }
    }
}
