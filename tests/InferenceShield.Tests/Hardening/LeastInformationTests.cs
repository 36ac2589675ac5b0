using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class LeastInformationTests
{
    private const double Margin = 1e-4;

    private static readonly Gen<DistributionCase> s_small = DistributionCase.Of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

    private static readonly Gen<DistributionCase> s_any = Gen.Frequency(
        (8, DistributionCase.Of(1, 2, 3, 10, 23, 24, 25, 64, 65, 66)),
        (4, DistributionCase.Of(257, 513, 1000)),
        (2, DistributionCase.Of(6625)));

    [Fact]
    public void It_is_as_good_as_the_linear_program() => Properties.Hold(s_small, CheckOptimum, tests: 10_000);

    [Trait("Widths", "all")]
    [Fact]
    public void It_is_as_good_as_the_published_linear_program()
    {
        Properties.Hold(DistributionCase.Of(3, 5, 10), test =>
        {
            double[] clean = test.Probabilities();
            if (SlowLeastInformation.ByPublishedProgram(clean, Top(clean), test.Budget) is { } exact)
            {
                double[] answer = Apply(clean, test.Budget);
                Assert.Equal(SlowLeastInformation.Objective(clean, exact), SlowLeastInformation.Objective(clean, answer), 1e-8);
            }
        }, tests: 1000);
    }

    [Fact]
    public void Without_room_for_the_margin_its_lead_is_the_widest_there_is()
    {
        Gen<DistributionCase> cases =
            from shape in Gen.Elements(
                DistributionShape.Uniform,
                DistributionShape.TiedTop,
                DistributionShape.NearTie,
                DistributionShape.TopWithinMargin,
                DistributionShape.Grid)
            from classes in Gen.Choose(2, 12)
            from budget in Gen.Choose(0, 2000).Select(value => value * 1e-7)
            from seed in Gen.Choose(0, int.MaxValue)
            select new DistributionCase(shape, classes, budget, seed);
        int limited = 0;
        Properties.Hold(cases, test =>
        {
            double[] clean = test.Probabilities();
            limited += SlowLeastInformation.ByLinearProgram(clean, Top(clean), test.Budget) is null ? 1 : 0;
            CheckOptimum(test);
        }, tests: 3000);
        Assert.InRange(limited, 500, 2500);
    }

    [Fact]
    public void It_is_as_good_as_the_ternary_search()
    {
        Properties.Hold(DistributionCase.Of(3, 5, 10, 30, 70, 100), test =>
        {
            double[] clean = test.Probabilities();
            int top = Top(clean);
            double[] answer = Apply(clean, test.Budget);
            if (SlowLeastInformation.ByTernarySearch(clean, top, test.Budget) is { } exact && Lead(answer, top) >= Margin - 1e-12)
            {
                double gap = SlowLeastInformation.Objective(clean, answer) - SlowLeastInformation.Objective(clean, exact);
                Assert.InRange(gap, -1e-7, 1e-9);
            }
        }, tests: 2000);
    }

    [Fact]
    public void It_is_as_good_as_the_reference_vectors()
    {
        using Stream stream = typeof(LeastInformationTests).Assembly.GetManifestResourceStream("least-information.jsonl")!;
        using StreamReader reader = new(stream);
        int count = 0;
        while (reader.ReadLine() is { } line)
        {
            using JsonDocument vector = JsonDocument.Parse(line);
            double budget = vector.RootElement.GetProperty("eps").GetDouble();
            double[] clean = vector.RootElement.GetProperty("y").Deserialize<double[]>()!;
            double[] expected = vector.RootElement.GetProperty("a").Deserialize<double[]>()!;
            double[] answer = Apply(clean, budget);
            double[] rounded = ApplyFloats(clean, budget);
            double objective = vector.RootElement.GetProperty("objective").GetDouble();
            Assert.Equal(objective, SlowLeastInformation.Objective(clean, answer), 1e-9);
            Assert.Equal(objective, SlowLeastInformation.Objective(clean, rounded), 1e-5);
            Assert.Equal(Distance(clean, expected), Distance(clean, answer), 1e-9);
            Assert.Equal(Distance(clean, expected), Distance(clean, rounded), 1e-5);
            Assert.All(expected.Zip(answer), pair => Assert.Equal(pair.First, pair.Second, 1e-7));
            count++;
        }

        Assert.Equal(200, count);
    }

    [Fact]
    public void Whatever_the_row_the_answer_is_a_distribution_within_the_budget() => Properties.Hold(s_any, Check, tests: 4000);

    [Fact]
    public void Whatever_the_long_row_the_answer_is_a_distribution_within_the_budget() =>
        Properties.Hold(DistributionCase.Of(131_072, 99_991), Check, tests: 60);

    [Trait("Widths", "all")]
    [Fact]
    public void The_ends_of_a_long_row_give_what_the_whole_row_gives()
    {
        Properties.Hold(DistributionCase.Of(65, 130, 1000, 6625), test =>
        {
            double[] clean = test.Probabilities();
            int top = Top(clean);
            Scratch scratch = new(clean.Length);
            double[] whole = new double[clean.Length];
            TransferSearch.Apply(clean, top, test.Budget / 2, whole, scratch.Spans, side: clean.Length);
            foreach (int side in (int[])[1, 2, 16])
            {
                double[] answer = new double[clean.Length];
                TransferSearch.Apply(clean, top, test.Budget / 2, answer, scratch.Spans, side);
                Assert.Equal(Lead(whole, top) >= Margin - 1e-12, Lead(answer, top) >= Margin - 1e-12);
                Assert.Equal(SlowLeastInformation.Objective(clean, whole), SlowLeastInformation.Objective(clean, answer), 1e-11);
            }
        }, tests: 1000);
    }

    [Fact]
    public void The_search_finds_the_single_move()
    {
        Properties.Hold(s_any, test =>
        {
            double[] clean = test.Probabilities();
            if (clean.Length > 1 && test.Budget > 0)
            {
                double[] searched = new double[clean.Length];
                TransferSearch.Apply(clean, Top(clean), test.Budget / 2, searched, new Scratch(clean.Length).Spans);
                double objective = SlowLeastInformation.Objective(clean, Apply(clean, test.Budget));
                Assert.Equal(objective, SlowLeastInformation.Objective(clean, searched), 1e-11);
            }
        }, tests: 1000);
    }

    [Fact]
    public void A_confident_answer_is_one_move()
    {
        Assert.Equal([0.8 - 0.1, 0.15, 0.05, 0.1], Apply([0.8, 0.15, 0.05, 0], 0.2));
        Assert.Equal([0.1, 0, 0.9, 0], Apply([0, 0, 1, 0], 0.2));
        Assert.Equal([1 - 0.25, 0.25], Apply([1, 0], 0.5));
    }

    [Fact]
    public void Equals_are_taken_by_index()
    {
        double[] answer = Apply([0.4, 0.1, 0.4, 0.1], 0.1);
        Assert.True(answer[1] > 0.1 && answer[3] == 0.1, string.Join(' ', answer));
        Assert.True(answer[0] > answer[2], string.Join(' ', answer));
    }

    [Theory]
    [InlineData(10, 4, 0)]
    [InlineData(10, 0, 1)]
    [InlineData(40, 4, 0)]
    [InlineData(40, 0, 1)]
    [InlineData(40, 39, 0)]
    public void A_single_move_goes_to_the_first_of_the_least_likely(int classes, int top, int first)
    {
        double[] clean = new double[classes];
        Array.Fill(clean, 0.1 / (classes - 1));
        clean[top] = 0.9;
        double[] answer = Apply(clean, 0.2);
        Assert.Equal([.. new[] { top, first }.Order()], Enumerable.Range(0, classes).Where(i => answer[i] != clean[i]).ToArray());
    }

    [Theory]
    [InlineData(20)]
    [InlineData(61)]
    [InlineData(1000)]
    public void Equals_of_a_longer_row_are_raised_from_the_first_and_lowered_from_the_last(int classes)
    {
        // Half of them at one level, half at another, in turns; the leading class is too low to do without the others.
        double[] clean = [.. Enumerable.Range(0, classes).Select(i => i % 2 == 0 ? 1.0 : 4.0)];
        clean[5] = 4.1;
        double sum = clean.Sum();
        clean = [.. clean.Select(value => value / sum)];
        double[] answer = Apply(clean, 0.9);
        int[] raised = [.. Enumerable.Range(0, classes).Where(i => i != 5 && answer[i] > clean[i])];
        int[] emptied = [.. Enumerable.Range(0, classes).Where(i => answer[i] == 0)];
        Assert.NotEmpty(raised);
        Assert.NotEmpty(emptied);
        Assert.Equal(Enumerable.Range(0, classes).Where(i => i % 2 == 0).Take(raised.Length), raised);
        Assert.Equal(Enumerable.Range(0, classes).Where(i => i % 2 == 1 && i != 5).TakeLast(emptied.Length), emptied);
    }

    [Fact]
    public void Without_a_budget_the_answer_is_the_row()
    {
        Assert.Equal([0.25, 0.5, 0.25], Apply([0.25, 0.5, 0.25], 0));
        Assert.Equal([0.5, 0.5], Apply([0.5, 0.5], 0));
        Assert.Equal([1.0], Apply([1], 2));
    }

    [Fact]
    public void A_budget_too_small_for_the_margin_goes_all_into_the_lead()
    {
        double[] answer = Apply([0.5, 0.5], 2e-5);
        Assert.Equal(0.5 + 1e-5, answer[0], 1e-15);
        Assert.Equal(0.5 - 1e-5, answer[1], 1e-15);
        answer = Apply([0.3, 0.3, 0.3, 0.1], 3e-5);
        Assert.Equal(0.3 + 1.5e-5, answer[0], 1e-15);
        Assert.Equal(0.3 - 0.75e-5, answer[1], 1e-15);
        Assert.Equal(answer[1], answer[2]);
        Assert.Equal(0.1, answer[3]);
    }

    [Fact]
    public void It_allocates_nothing()
    {
        double[] confident = new DistributionCase(DistributionShape.OneHot, 1000, 0, 1).Probabilities();
        double[] flat = new DistributionCase(DistributionShape.TiedTop, 1000, 0, 1).Probabilities();
        double[] answer = new double[1000];
        double[] values = new double[1000];
        double[] costs = new double[1000];
        int[] classes = new int[1000];
        Assert.Equal(0, Allocations.Least(() =>
        {
            foreach (double budget in (ReadOnlySpan<double>)[0.1, 0.5, 2])
            {
                LeastInformation.Apply(confident, Top(confident), budget, answer, new LeastInformationScratch(values, costs, classes));
                LeastInformation.Apply(flat, Top(flat), budget, answer, new LeastInformationScratch(values, costs, classes));
            }
        }));
    }

    private static void CheckOptimum(DistributionCase test)
    {
        double[] clean = test.Probabilities();
        int top = Top(clean);
        double[] answer = Apply(clean, test.Budget);
        double[] rounded = ApplyFloats(clean, test.Budget);
        Assert.InRange(Distance(clean, answer), 0, test.Budget + 1e-9);
        Assert.InRange(Distance(clean, rounded), 0, test.Budget + 1e-5);
        if (clean.Length == 1)
        {
            Assert.Equal(clean, answer);
        }
        else if (SlowLeastInformation.ByLinearProgram(clean, top, test.Budget) is { } exact)
        {
            double objective = SlowLeastInformation.Objective(clean, exact);
            Assert.Equal(objective, SlowLeastInformation.Objective(clean, answer), 1e-9);
            Assert.Equal(objective, SlowLeastInformation.Objective(clean, rounded), 1e-5);
            Assert.True(Lead(answer, top) >= Margin - 1e-12, "no margin");
        }
        else
        {
            double margin = SlowLeastInformation.WidestMargin(clean, top, test.Budget);
            Assert.Equal(margin, Lead(answer, top), 1e-9);
            Assert.True(margin < Margin + 1e-9, "a margin was possible");
        }
    }

    private static void Check(DistributionCase test)
    {
        double[] clean = test.Probabilities();
        int top = Top(clean);
        double[] answer = Apply(clean, test.Budget);
        foreach (double value in answer)
        {
            Assert.True(double.IsFinite(value) && value >= 0 && !double.IsNegative(value), $"{value:R}");
        }

        Assert.Equal(1, DistributionCase.ExactSum(answer), 1e-12);
        Assert.InRange(Distance(clean, answer), 0, test.Budget + 1e-9);

        // The budget buys at least its half for the leader alone. Below what rounding leaves of it, a tie stays one.
        double lead = Lead(answer, top);
        Assert.True(lead >= 0, $"behind by {lead:R}");
        Assert.True(lead >= Math.Min(Margin - 1e-11, Lead(clean, top) + (test.Budget / 2) - 1e-15), $"a lead of {lead:R} only");

        // The clean row is one of the answers to choose from, if it has the margin.
        if (Lead(clean, top) >= Margin)
        {
            double gain = SlowLeastInformation.Objective(clean, clean) - SlowLeastInformation.Objective(clean, answer);
            Assert.True(gain >= -1e-9, $"worse than nothing by {-gain:R}");
        }

        double[] again = Apply(clean, test.Budget);
        double[] inPlace = [.. clean];
        Scratch scratch = new(clean.Length);
        LeastInformation.Apply(inPlace, top, test.Budget, inPlace, scratch.Spans);
        for (int i = 0; i < answer.Length; i++)
        {
            Assert.Equal(BitConverter.DoubleToInt64Bits(answer[i]), BitConverter.DoubleToInt64Bits(again[i]));
            Assert.Equal(BitConverter.DoubleToInt64Bits(answer[i]), BitConverter.DoubleToInt64Bits(inPlace[i]));
        }

        double[] rounded = ApplyFloats(clean, test.Budget);
        Assert.Equal(1, DistributionCase.ExactSum(rounded), 1e-5);
        Assert.InRange(Distance(clean, rounded), 0, test.Budget + 1e-5);
        Assert.True(Lead(rounded, top) >= Math.Min(Margin - 1e-6, 0), "not in front as floats");
    }

    private static double[] Apply(double[] clean, double budget)
    {
        double[] answer = new double[clean.Length];
        Scratch scratch = new(clean.Length);
        LeastInformation.Apply(clean, Top(clean), budget, answer, scratch.Spans);
        return answer;
    }

    /// <summary>The leading class is that of the doubles: as floats it may tie.</summary>
    private static double[] ApplyFloats(double[] clean, double budget)
    {
        float[] row = [.. clean.Select(value => (float)value)];
        Scratch scratch = new(clean.Length);
        LeastInformation.Apply(row, Top(clean), budget, row, new double[row.Length], scratch.Spans);
        return [.. row.Select(value => (double)value)];
    }

    private static int Top(ReadOnlySpan<double> values)
    {
        int top = 0;
        for (int i = 1; i < values.Length; i++)
        {
            top = values[i] > values[top] ? i : top;
        }

        return top;
    }

    private static double Lead(double[] values, int top)
    {
        double lead = double.PositiveInfinity;
        for (int i = 0; i < values.Length; i++)
        {
            lead = i == top ? lead : Math.Min(lead, values[top] - values[i]);
        }

        return lead;
    }

    private static double Distance(double[] left, double[] right) =>
        DistributionCase.ExactSum(left.Zip(right, (a, b) => Math.Abs(a - b)));

    private sealed class Scratch(int length)
    {
        private readonly double[] _values = Filled(length);
        private readonly double[] _costs = Filled(length);
        private readonly int[] _classes = new int[length];

        public LeastInformationScratch Spans => new(_values, _costs, _classes);

        /// <summary>What is left from the row before must not show.</summary>
        private static double[] Filled(int length)
        {
            double[] values = new double[length];
            Array.Fill(values, double.NaN);
            return values;
        }
    }
}
