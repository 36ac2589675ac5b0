namespace InferenceShield.Tests;

public sealed class LeakReportTests
{
    private const int Classes = 16;
    private const int Hidden = 6;
    private const int Rows = 1500;

    /// <summary>How far a spectrum of this few classes falls by itself.</summary>
    private const double NoGap = 2;

    private static readonly double[] s_clean = Model(Rows, shrink: 1);

    [Fact]
    public void Full_precision_tells_the_hidden_width_and_everything_else()
    {
        LeakReport report = Analyze(s_clean, Hidden);
        Assert.Equal(Hidden, report.ReleasedGap.Width);
        Assert.True(report.ReleasedGap.Ratio > 1e6);
        Assert.True(report.SubsetGap.Ratio > 1e6);
        Assert.Equal(Rows, report.DistinctAnswers);
        Assert.Equal(Math.Log2(Rows), report.MostBits);
        Assert.Equal(0, report.ReleasedDistance);
        Assert.Equal(["distinct answers", "rank", "rank, subset attack", "inversion"], Leaking(report));
    }

    [Fact]
    public void The_width_is_found_where_nobody_names_it()
    {
        LeakReport report = Analyze(s_clean, width: null);
        Assert.Equal(Hidden, report.ReleasedGap.Width);
        Assert.Equal(Hidden, report.CleanGap.Width);
        Assert.Contains("rank", Leaking(report));
    }

    [Fact]
    public void Logits_are_as_good_as_probabilities()
    {
        double[] logits = Array.ConvertAll(s_clean, value => Math.Log(value) + 7);
        LeakReport report = LeakReport.Analyze(logits, s_clean, Classes, new LeakOptions { Kind = OutputKind.Logits, HiddenWidth = Hidden });
        Assert.InRange(report.CleanGap.Ratio, 1e6, double.MaxValue);
        Assert.InRange(report.ReleasedDistance, 0, 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Rounding_closes_the_gap_for_natural_and_for_shrunk_inputs(int decimals)
    {
        LeakReport report = LeakReport.Analyze(s_clean, Round(s_clean, decimals), Classes, new LeakOptions
        {
            HiddenWidth = Hidden,
            ShrunkReleased = Round(Model(Rows, shrink: 0.5), decimals),
        });
        Assert.InRange(report.ReleasedGap.Ratio, 1, NoGap);
        Assert.InRange(report.SubsetGap.Ratio, 1, NoGap);
        Assert.InRange(report.ShrunkGap!.Value.Ratio, 1, NoGap);
        Assert.DoesNotContain("rank, subset attack", Leaking(report));
        Assert.InRange(report.CleanGap.Ratio, 1e6, double.MaxValue);
    }

    [Fact]
    public void A_head_that_shrunk_inputs_unsaturate_leaks_through_four_decimals_and_the_report_says_so()
    {
        LeakReport report = LeakReport.Analyze(s_clean, Round(s_clean, 4), Classes, new LeakOptions
        {
            HiddenWidth = Hidden,
            ShrunkReleased = Round(Model(Rows, shrink: 0.02), 4),
        });
        Assert.InRange(report.ShrunkGap!.Value.Ratio, 2 * NoGap, double.MaxValue);
        Assert.Contains("rank, shrunk inputs", Leaking(report));

        // Rounded to 4 decimals it leaks: rounding to 5 would be no advice.
        LeakFinding finding = report.Findings.Single(one => one.Check == "rank, shrunk inputs");
        Assert.EndsWith("to fewer decimals if it is rounded already.", finding.Verdict, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    public void Least_information_hides_the_rank_until_the_altered_classes_are_dropped(double budget)
    {
        double[] released = LeastInformationOf(s_clean, budget);
        LeakReport report = Analyze(released, Hidden);
        Assert.InRange(report.ReleasedGap.Ratio, 1, 10);
        Assert.InRange(report.SubsetGap.Ratio, 1000, double.MaxValue);
        Assert.InRange(report.SubsetGap.Classes, Hidden + 2, Classes - 2);
        Assert.Contains("rank, subset attack", Leaking(report));

        report = Analyze(Round(released, 2), Hidden);
        Assert.InRange(report.SubsetGap.Ratio, 1, NoGap);
        Assert.DoesNotContain("rank, subset attack", Leaking(report));
    }

    [Fact]
    public void The_subset_attack_sees_through_single_precision_and_a_sum_that_is_made_1_again()
    {
        // One class is raised, all are divided by their sum and rounded to floats: ratios nearly stay, numbers do not.
        double[] released = [.. s_clean];
        for (int row = 0; row < Rows; row++)
        {
            double[] answer = released[(row * Classes)..((row + 1) * Classes)];
            int top = Array.IndexOf(answer, answer.Max());
            int raised = Array.IndexOf(answer, answer.Min());
            answer[raised] = 0.9 * answer[top];
            double sum = answer.Sum();
            Array.ConvertAll(answer, value => (double)(float)(value / sum)).CopyTo(released, row * Classes);
        }

        LeakReport report = Analyze(released, Hidden);
        Assert.InRange(report.SubsetGap.Ratio, 1000, double.MaxValue);
        Assert.Contains("rank, subset attack", Leaking(report));
    }

    [Fact]
    public void Labels_carry_nothing_beyond_the_label()
    {
        LeakReport report = Analyze(LabelsOf(s_clean), Hidden);
        Assert.Equal(0, report.BitsBeyondLabel, 1e-12);
        Assert.InRange(report.DistinctAnswers, 2, Classes);
        Assert.Equal(report.LabelOnlyDistance, report.ReconstructedDistance, 1e-12);
        Assert.Empty(Leaking(report));
    }

    [Fact]
    public void Bits_are_the_entropy_of_answers_given_their_labels()
    {
        // Two labels; the first has answers of shares 1/2 and 1/2, the second one answer. Half the rows each.
        double[][] answers = [[0.6, 0.4, 0], [0.7, 0.3, 0], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]];
        double[] released = [.. Enumerable.Range(0, 40).SelectMany(row => answers[row % 4])];
        LeakReport report = LeakReport.Analyze(released, released, 3);
        Assert.Equal(0.5, report.BitsBeyondLabel, 1e-12);
        Assert.Equal(3, report.DistinctAnswers);
        Assert.Equal(Math.Log2(3), report.MostBits);
    }

    [Fact]
    public void A_fixed_relabelling_of_scores_is_inverted_by_who_knows_the_algorithm()
    {
        // Every answer is blended with a wrong one, invertibly: far as released, near once reconstructed.
        double[] released = [.. s_clean];
        for (int row = 0; row < Rows; row++)
        {
            Span<double> answer = released.AsSpan(row * Classes, Classes);
            for (int i = 0; i < Classes; i++)
            {
                answer[i] = (answer[i] * 0.5) + (0.5 / Classes);
            }
        }

        LeakReport report = Analyze(released, Hidden);
        Assert.True(report.ReconstructedDistance < 0.7 * report.ReleasedDistance);
        Assert.True(report.ReconstructedDistance < report.LabelOnlyDistance);
    }

    [Fact]
    public void Single_precision_is_the_same_audit()
    {
        float[] clean = Array.ConvertAll(s_clean, value => (float)value);
        LeakReport expected = LeakReport.Analyze(Array.ConvertAll(clean, value => (double)value), Array.ConvertAll(clean, value => (double)value), Classes);
        Assert.Equal(expected.ToString(), LeakReport.Analyze(clean, clean, Classes).ToString());
    }

    [Fact]
    public void The_text_names_every_check_and_shows_no_answer()
    {
        double[] released = Round(s_clean, 2);
        string text = Analyze(released, Hidden).ToString();
        Assert.StartsWith("Leak report: 1500 answers of 16 classes\n", text, StringComparison.Ordinal);
        Assert.Equal(6, text.Count(letter => letter == '\n'));
        Assert.Contains("-      rank, shrunk inputs: not tried", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Refused("whole rows", () => LeakReport.Analyze(s_clean.AsSpan(1), s_clean, Classes));
        Refused("twice as many", () => LeakReport.Analyze(s_clean.AsSpan(0, 31 * Classes), s_clean.AsSpan(0, 31 * Classes), Classes));
        Refused("1499 released", () => LeakReport.Analyze(s_clean, s_clean.AsSpan(Classes), Classes));
        Refused("HiddenWidth", () => Analyze(s_clean, Classes - 1));
        Refused("HiddenWidth", () => Analyze(s_clean, 0));
        Refused("Kind", () => LeakReport.Analyze(s_clean, s_clean, Classes, new LeakOptions { Kind = OutputKind.Embedding }));
        Refused("2 to 1024", () => LeakReport.Analyze(s_clean, s_clean, 1));
        Refused("2 to 1024", () => LeakReport.Analyze(s_clean, s_clean, 2000));
        Refused("whole rows", () => LeakReport.Analyze(s_clean, s_clean, Classes, new LeakOptions { ShrunkReleased = new double[5] }));
        foreach (double wrong in (double[])[double.NaN, -0.1, double.PositiveInfinity])
        {
            double[] spoiled = [.. s_clean];
            spoiled[(3 * Classes) + 2] = wrong;
            Refused("Row 3", () => LeakReport.Analyze(spoiled, s_clean, Classes));
            Refused("Row 3", () => LeakReport.Analyze(s_clean, spoiled, Classes));
        }

        Refused("does not sum to 1", () => LeakReport.Analyze(s_clean, Array.ConvertAll(s_clean, value => value * 2), Classes));

        static void Refused(string part, Action analyze) => Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(analyze).Message, StringComparison.Ordinal);
    }

    private static string[] Leaking(LeakReport report) => [.. report.Findings.Where(finding => finding.Leaks).Select(finding => finding.Check)];

    private static LeakReport Analyze(double[] released, int? width) =>
        LeakReport.Analyze(s_clean, released, Classes, new LeakOptions { HiddenWidth = width });

    /// <summary>A softmax layer over a few random hidden units.</summary>
    private static double[] Model(int rows, double shrink)
    {
        Random random = new(7);
        double[] weights = [.. Enumerable.Range(0, Classes * Hidden).Select(_ => 14 * (random.NextDouble() - 0.5))];
        double[] answers = new double[rows * Classes];
        for (int row = 0; row < rows; row++)
        {
            double[] hidden = [.. Enumerable.Range(0, Hidden).Select(_ => shrink * 2.5 * random.NextDouble())];
            double[] logits = [.. Enumerable.Range(0, Classes).Select(i => Enumerable.Range(0, Hidden).Sum(h => weights[(i * Hidden) + h] * hidden[h]))];
            double sum = logits.Sum(Math.Exp);
            for (int i = 0; i < Classes; i++)
            {
                answers[(row * Classes) + i] = Math.Exp(logits[i]) / sum;
            }
        }

        return answers;
    }

    private static double[] Round(double[] answers, int decimals)
    {
        double[] rounded = [.. answers];
        int units = (int)Math.Pow(10, decimals);
        for (int row = 0; row < rounded.Length / Classes; row++)
        {
            Span<double> answer = rounded.AsSpan(row * Classes, Classes);
            GridRounding.Apply(answer, LeakAnswers.Top(answer), units, new double[Classes], new int[Math.Min(Classes, units)]);
            foreach (ref double value in answer)
            {
                value /= units;
            }
        }

        return rounded;
    }

    private static double[] LeastInformationOf(double[] answers, double budget)
    {
        double[] released = new double[answers.Length];
        LeastInformationScratch scratch = new(new double[Classes], new double[Classes], new int[Classes]);
        for (int row = 0; row < answers.Length / Classes; row++)
        {
            ReadOnlySpan<double> answer = answers.AsSpan(row * Classes, Classes);
            LeastInformation.Apply(answer, LeakAnswers.Top(answer), budget, released.AsSpan(row * Classes, Classes), scratch);
        }

        return released;
    }

    private static double[] LabelsOf(double[] answers)
    {
        double[] labels = new double[answers.Length];
        for (int row = 0; row < answers.Length / Classes; row++)
        {
            labels[(row * Classes) + LeakAnswers.Top(answers.AsSpan(row * Classes, Classes))] = 1;
        }

        return labels;
    }
}
