namespace InferenceShield.Tests;

/// <summary>What holds for every step, whatever the row and the arguments.</summary>
public sealed class HardeningStepsTests
{
    [Fact]
    public void What_is_released_is_a_distribution_with_the_clean_leader_in_front() =>
        Properties.Hold(StepCase.Any, CheckRelease, tests: 3000);

    [Fact]
    public void What_is_released_of_a_very_wide_row_is_such_a_distribution_too() =>
        Properties.Hold(StepCase.Of(131_072), CheckRelease, tests: 40);

    [Fact]
    public void The_same_row_gets_the_same_answer_again_in_place_in_a_batch_and_on_another_thread()
    {
        Properties.Hold(StepCase.Any, test =>
        {
            float[] clean = test.Row();
            float[] released = test.Step.Release(clean);
            Assertions.SameBits(test.Row(), clean);

            float[] other = test.Row(1);
            float[] batch = [.. other, .. clean, .. other];
            float[] inPlace = [.. batch];
            int classes = clean.Length;
            float[] batchReleased = new float[batch.Length];
            for (int row = 0; row < 3; row++)
            {
                test.Step.Run(batch.AsSpan(row * classes, classes), batchReleased.AsSpan(row * classes, classes));
                test.Step.Run(inPlace.AsSpan(row * classes, classes), inPlace.AsSpan(row * classes, classes));
            }

            Assertions.SameBits(batchReleased, inPlace);
            Assertions.SameBits(released, batchReleased.AsSpan(classes, classes));
            Assertions.SameBits(batchReleased.AsSpan(0, classes), batchReleased.AsSpan(2 * classes));

            float[] elsewhere = [];
            Thread thread = new(() => elsewhere = test.Step.Release(clean));
            thread.Start();
            thread.Join();
            Assertions.SameBits(released, elsewhere);
        }, tests: 600);
    }

    [Fact]
    public void Rounding_again_changes_nothing()
    {
        int seen = 0;
        Properties.Hold(StepCase.Any, test =>
        {
            if (test.Step.IsIdempotent)
            {
                seen++;
                float[] released = test.Step.Release(test.Row());
                Assertions.SameBits(released, test.Step.Release(released));
            }
        }, tests: 2000);
        Assert.True(seen > 200);
    }

    [Fact]
    public void Every_step_rounds_to_something_on_the_grid_afterwards()
    {
        // The way steps are meant to be used: a perturbation, then a rounding.
        Properties.Hold(StepCase.Any, test =>
        {
            float[] clean = test.Row();
            float[] released = test.Step.Release(clean);
            HardeningSteps.Round(released, released, 3);
            CheckDistribution(clean, released, units: 1000);
        }, tests: 600);
    }

    [Fact]
    public void Steps_with_a_budget_stay_within_it()
    {
        Properties.Hold(DistributionCase.Of(2, 3, 10, 257, 6625), test =>
        {
            float[] clean = [.. test.Probabilities().Select(value => (float)value)];
            double budget = Math.Min(test.Budget, 1.9);
            Assert.InRange(Distance(clean, HardeningStep.LeastInformation(budget).Release(clean)), 0, budget + 1e-6);
            Assert.InRange(Distance(clean, HardeningStep.KeyedNoise(budget).Release(clean)), 0, budget + 1e-6);
        }, tests: 400);
    }

    private static void CheckRelease(StepCase test)
    {
        float[] clean = test.Row();
        CheckDistribution(clean, test.Step.Release(clean), test.Step.Units);
    }

    private static void CheckDistribution(float[] clean, float[] released, int units)
    {
        int top = Assertions.FirstOfLargest(clean);
        double sum = 0;
        long steps = 0;
        for (int i = 0; i < released.Length; i++)
        {
            Assert.True(float.IsFinite(released[i]) && released[i] >= 0 && !float.IsNegative(released[i]), $"class {i} is {released[i]}");
            Assert.True(released[i] <= released[top], $"class {i} is {released[i]:R}, the leader {top} is {released[top]:R}");
            Assert.True(i >= top || released[i] < released[top], $"class {i} before leader {top} is level with it: {released[i]:R}");
            sum += released[i];
            if (units > 0)
            {
                double step = Math.Round((double)released[i] * units);
                Assert.Equal((float)(step / units), released[i]);
                Assert.True(i == top || released[i] < released[top], $"class {i} is level with the leader");
                steps += (long)step;
            }
        }

        Assert.InRange(sum, 1 - 1e-6, 1 + 1e-6);
        Assert.Equal(units, steps);
    }

    private static double Distance(float[] left, float[] right) => left.Zip(right, (a, b) => Math.Abs((double)a - b)).Sum();
}
