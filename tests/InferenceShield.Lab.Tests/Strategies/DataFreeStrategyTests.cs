namespace InferenceShield.Lab.Tests;

public sealed class DataFreeStrategyTests
{
    [Fact]
    public async Task The_generator_moves_to_where_the_copy_is_wrong()
    {
        // The model is the surer the further the first feature is from the middle, and the copy, which hardly learns, is never sure.
        // A normalised output keeps its mean and its spread, so what can grow is the mean distance: two heaps instead of one.
        DelegateOracle oracle = new(4, 2, (inputs, answers) =>
        {
            for (int row = 0; row < inputs.Length / 4; row++)
            {
                double sure = 1 / (1 + Math.Exp(-12 * Math.Abs(inputs.Span[row * 4] - 0.5)));
                answers.Span[row * 2] = (float)sure;
                answers.Span[(row * 2) + 1] = (float)(1 - sure);
            }
        });
        DataFreeStrategy strategy = new() { Bounds = InputBounds.OfBox(4, 0, 1), CopySteps = 1, LearningRate = 1e-2f, BatchSize = 64, DifferenceStep = 0.1f };
        QueryContext context = new(60_000, 1, null, new SurrogateOptions { Hidden = [8], LearningRate = 1e-7f });
        Transcript transcript = await strategy.AskAsync(oracle, context, default);
        double early = GetReach(transcript.Inputs[..(4 * 4000)], 0);
        double late = GetReach(transcript.Inputs[(4 * 56_000)..], 0);
        double others = Enumerable.Range(1, 3).Max(feature => GetReach(transcript.Inputs[(4 * 56_000)..], feature));
        Assert.True(late > early + 0.02 && late > others + 0.005, $"{early} {late} {others}");
    }

    [Fact]
    public async Task Each_pair_is_one_step_apart_before_tanh()
    {
        DelegateOracle oracle = new(4, 2, (_, answers) => answers.Span.Fill(0.5f));
        DataFreeStrategy strategy = new() { Bounds = InputBounds.OfBox(4, -1, 1), BatchSize = 16, DifferenceStep = 0.05f };
        Transcript transcript = await strategy.AskAsync(oracle, new QueryContext(32, 1, null, new SurrogateOptions()), default);
        float[][] rows = [.. transcript.Inputs.ToArray().Chunk(4)];
        for (int pair = 0; pair < 16; pair++)
        {
            double distance = Math.Sqrt(rows[2 * pair].Zip(rows[(2 * pair) + 1]).Sum(both => Math.Pow(Math.Atanh(both.First) - Math.Atanh(both.Second), 2)));
            Assert.Equal(0.05, distance, 1e-3);
        }

        // Over the batch each feature has mean 0 and spread 1 before tanh.
        for (int i = 0; i < 4; i++)
        {
            double[] values = [.. Enumerable.Range(0, 16).Select(pair => Math.Atanh(rows[2 * pair][i]))];
            Assert.Equal(0, values.Average(), 1e-3);
            Assert.Equal(1, values.Average(value => value * value), 1e-2);
        }
    }

    /// <summary>The mean distance of a feature from the middle.</summary>
    private static double GetReach(ReadOnlySpan<float> inputs, int feature)
    {
        double sum = 0;
        for (int at = feature; at < inputs.Length; at += 4)
        {
            sum += Math.Abs(inputs[at] - 0.5);
        }

        return sum / (inputs.Length / 4);
    }
}
