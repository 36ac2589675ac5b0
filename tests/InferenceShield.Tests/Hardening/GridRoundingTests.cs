using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class GridRoundingTests
{
    /// <summary>Weights are whole numbers that sum to this: a power of two, so that the implementation's doubles are exact.</summary>
    private const int Whole = 1 << 20;

    [Fact]
    public void Equals_the_largest_remainder_method_in_decimal_arithmetic()
    {
        Gen<(int[] Weights, int Decimals)> cases =
            from classes in Gen.Frequency((3, Gen.Choose(1, 12)), (1, Gen.Choose(13, 2000)))
            from largest in Gen.Elements(1, 2, 3, 20, 1000, 1_000_000)
            from raw in Gen.Choose(0, largest).ArrayOf(classes)
            from decimals in Gen.Choose(1, 5)
            select (ToWhole(raw), decimals);
        Properties.Hold(cases, test =>
        {
            int units = (int)Math.Pow(10, test.Decimals);
            int top = Array.IndexOf(test.Weights, test.Weights.Max());
            Assert.Equal(Reference(test.Weights, top, units), Round(test.Weights, top, units));
        }, tests: 1000);
    }

    /// <summary>In doubles, as they are: what rounding errors decide is decided by the same errors.</summary>
    [Fact]
    public void Equals_sorting_by_remainder_to_the_last_bit()
    {
        Gen<(DistributionCase Case, int Decimals, bool Near)> cases =
            from distribution in DistributionCase.Of(1, 2, 3, 10, 15, 16, 17, 33, 100, 257, 1000, 6625)
            from decimals in Gen.Choose(1, 5)
            from near in Gen.Elements(false, true)
            select (distribution, decimals, near);
        Properties.Hold(cases, test =>
        {
            double[] distribution = test.Case.Probabilities();
            if (test.Near)
            {
                // Remainders that differ in their last bits only.
                Random random = new(test.Case.Seed);
                double share = 1.0 / distribution.Length;
                distribution = [.. distribution.Select(_ => share * (1 + (random.Next(8) * 1e-15)))];
            }

            int units = (int)Math.Pow(10, test.Decimals);
            int top = Array.IndexOf(distribution, distribution.Max());
            double[] expected = SlowSteps(distribution, top, units);
            GridRounding.Apply(distribution, top, units, new double[distribution.Length], new int[Math.Min(distribution.Length, units)]);
            Assert.Equal(expected, distribution);
        }, tests: 3000);
    }

    [Fact]
    public void Fewer_positive_shares_than_missing_steps_all_get_one_and_the_leader_the_rest()
    {
        // Does not sum to 1: 39 steps are missing, and three may have one.
        double[] distribution = new double[500];
        (distribution[7], distribution[300], distribution[450]) = (0.5, 0.1, 0.01);
        double[] expected = SlowSteps(distribution, 7, 100);
        GridRounding.Apply(distribution, 7, 100, new double[500], new int[100]);
        Assert.Equal(expected, distribution);
        Assert.Equal((87, 11, 2), (distribution[7], distribution[300], distribution[450]));
    }

    private static double[] SlowSteps(double[] distribution, int top, int units)
    {
        double[] exact = [.. distribution.Select(share => share * units)];
        double[] steps = [.. exact.Select(Math.Floor)];
        int missing = Math.Clamp((int)(units - steps.Sum()), 0, Math.Min(units, steps.Length));
        int[] due =
        [
            .. Enumerable.Range(0, steps.Length)
                .Where(i => exact[i] > 0)
                .OrderByDescending(i => exact[i] - Math.Floor(exact[i]))
                .Take(missing),
        ];
        steps[top] += units - steps.Sum() - due.Length;
        Array.ForEach(due, i => steps[i]++);
        for (int i = 0; i < steps.Length; i++)
        {
            if (i != top && steps[i] > 0 && steps[i] >= steps[top])
            {
                steps[i]--;
                steps[top]++;
            }
        }

        return steps;
    }

    [Fact]
    public void Gives_the_missing_steps_to_those_who_lost_most() =>
        Assert.Equal([5, 3, 2], Round([Parts(0.47), Parts(0.28), Whole - Parts(0.47) - Parts(0.28)], top: 0, units: 10));

    [Fact]
    public void Gives_equals_by_lower_index() =>
        Assert.Equal([2, 5, 1, 1, 1], Round([Whole / 8, Whole / 2, Whole / 8, Whole / 8, Whole / 8], top: 1, units: 10));

    [Theory]
    [InlineData(2, 100, new double[] { 51, 49 })]
    [InlineData(4, 10, new double[] { 4, 2, 2, 2 })]
    public void Sets_the_leader_apart_from_its_equals(int classes, int units, double[] expected) =>
        Assert.Equal(expected, Round([.. Enumerable.Repeat(Whole / classes, classes)], top: 0, units));

    [Fact]
    public void Leaves_impossible_classes_impossible() =>
        Assert.Equal([0, 51, 0, 49, 0], Round([0, Whole / 2, 0, Whole / 2, 0], top: 1, units: 100));

    [Fact]
    public void More_classes_than_grid_steps_leave_most_without()
    {
        double[] steps = Round([.. Enumerable.Repeat(1024, 1024)], top: 0, units: 10);
        Assert.Equal(10, steps.Sum());
        Assert.Equal(2, steps[0]);
        Assert.Equal(9, steps.Count(step => step > 0));
    }

    /// <summary>Keeps what noise may have drawn level: the leader need not come first among its equals.</summary>
    [Fact]
    public void A_leader_behind_its_equals_leads_all_the_same()
    {
        for (int top = 0; top < 300; top++)
        {
            double[] steps = Round(ToWhole([.. Enumerable.Repeat(1, 300)]), top, units: 100);
            Assert.Equal(100, steps.Sum());
            Assert.All(Enumerable.Range(0, 300), i => Assert.True(i == top || steps[i] < steps[top]));
        }
    }

    private static int Parts(double share) => (int)(share * Whole);

    private static double[] Round(int[] weights, int top, int units)
    {
        double[] distribution = [.. weights.Select(weight => (double)weight / Whole)];
        GridRounding.Apply(distribution, top, units, new double[weights.Length], new int[Math.Min(weights.Length, units)]);
        return distribution;
    }

    private static double[] Reference(int[] weights, int top, int units)
    {
        decimal[] exact = [.. weights.Select(weight => (decimal)weight * units / Whole)];
        int[] steps = [.. exact.Select(value => (int)decimal.Floor(value))];
        int missing = units - steps.Sum();
        foreach (int i in Enumerable.Range(0, weights.Length).Where(i => exact[i] > 0).OrderByDescending(i => exact[i] - decimal.Floor(exact[i])).Take(missing))
        {
            steps[i]++;
        }

        foreach (int i in Enumerable.Range(0, weights.Length).Where(i => i != top))
        {
            if (steps[i] > 0 && steps[i] >= steps[top])
            {
                steps[i]--;
                steps[top]++;
            }
        }

        return [.. steps.Select(step => (double)step)];
    }

    /// <summary>Scales weights to sum to <see cref="Whole"/>; what is left over goes to the largest.</summary>
    private static int[] ToWhole(int[] raw)
    {
        long sum = raw.Sum(value => (long)value);
        int[] weights = sum == 0 ? new int[raw.Length] : [.. raw.Select(value => (int)(value * (long)Whole / sum))];
        weights[Array.IndexOf(weights, weights.Max())] += Whole - weights.Sum();
        return weights;
    }
}
