using InferenceShield.Samples;
using InferenceShield.Statistics.Ownership;

namespace InferenceShield.Lab.Tests;

/// <summary>A few of the thefts behind ownership.csv, run again on letters, and what the page makes of p-values.</summary>
public sealed class OwnershipSliceTests
{
    private const ulong Seed = 11;

    private static readonly Lazy<OwnershipTarget> s_letters = new(() => OwnershipTarget.Load(OwnershipTarget.Letters));
    private static readonly IReadOnlyList<OwnershipRow> s_rows =
        OwnershipRow.Read(Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results", OwnershipRow.File));

    [Theory]
    [InlineData("near-tie cell 0.2", MarkedRelease.Labels, OwnershipThieves.Labels)]
    [InlineData("near-tie exact 0.2", MarkedRelease.Labels, OwnershipThieves.Labels)]
    [InlineData("near-tie exact 0.2", MarkedRelease.Bands, OwnershipThieves.Scores)]
    [InlineData("near-tie cell 0.2", MarkedRelease.Labels, OwnershipThieves.Votes)]
    [InlineData("near-tie cell 0.2", MarkedRelease.Round1, OwnershipThieves.EvensMargins)]
    [InlineData("near-tie exact 0.2", MarkedRelease.BandsAlone, OwnershipThieves.EvensMargins)]
    public void A_few_thefts_run_again_come_to_what_is_committed(string mark, string release, string thief)
    {
        const double MachinesDiffer = 0.08; // the order of sums follows the width of vectors, and training amplifies last bits: some ten of 140 near ties
        OwnershipCell cell = new(OwnershipTarget.Letters, new OwnershipMark(mark), release, thief, OwnershipExperiment.Few, Seed);
        OwnershipRow again = cell.Run(s_letters.Value).First(row => row.Test == OwnershipTests.Logged);
        OwnershipRow committed = s_rows.Single(row => row.Theft == again.Theft && row.Test == OwnershipTests.Logged);
        Assert.Equal(committed.Statistic, again.Statistic, MachinesDiffer);
        Assert.Equal(committed.Accuracy, again.Accuracy, 0.03);
        Assert.InRange(again.Answers, committed.Answers - 15, committed.Answers + 15);
    }

    [Fact]
    public void The_same_seed_gives_the_same_rows()
    {
        OwnershipCell cell = new(OwnershipTarget.Letters, new OwnershipMark("near-tie cell 0.2"), MarkedRelease.Labels, OwnershipThieves.Early, OwnershipExperiment.Few, Seed);
        Assert.Equal(cell.Run(s_letters.Value), cell.Run(s_letters.Value));
    }

    [Fact]
    public void An_independent_model_is_not_accused_more_often_than_the_test_says()
    {
        OwnershipClaimRow[] rows = [.. OwnershipClaims.Run(s_letters.Value, "independent", Seed)];

        // 300 keys at 1 %: more than ten come once in three thousand times.
        Assert.All(rows, row => Assert.InRange(row.Below01, 0, 10));
        Assert.Contains(rows, row => row.Test == "near-tie exact 0.2");
    }

    [Fact]
    public void Marks_cost_what_the_file_says()
    {
        OwnershipCostRow committed = OwnershipFigures.Load(SampleFiles.FindRoot()).Costs(OwnershipTarget.Letters, "near-tie cell 0.2")[0];
        OwnershipCostRow again = OwnershipCost.Measure(s_letters.Value, new OwnershipMark("near-tie cell 0.2")).First();
        Assert.Equal(committed.Moved, again.Moved, 0.005);
        Assert.Equal(committed.Gain, again.Gain, 0.005);
    }

    [Theory]
    [InlineData(-0.3, "0.5")]
    [InlineData(-1.7, "0.02")]
    [InlineData(-2.6, "0.003")]
    [InlineData(-15.954, "1e-16")]
    [InlineData(-3.01, "1e-3")]
    public void P_values_are_written_with_one_digit(double logP, string text) => Assert.Equal(text, OwnershipSummary.Number(logP));

    [Fact]
    public void Tables_of_other_experiments_are_filtered_averaged_and_shortened()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        File.WriteAllText(Path.Combine(folder, "x.csv"), "# Seeded.\nname,kind,z\n\"a, b\",1,2.0004\n\"a, b\",1,4\nc,2,9\nd,1,NaN\n");
        System.Text.StringBuilder all = new();
        new OwnershipOtherTable("x.csv", "X", [], ("kind", "1"), []).Append(all, folder);
        Assert.Equal("\n## X\n\nSeeded.\n\n| name | kind | z |\n|---|---|---|\n| a, b | 1 | 2 |\n| a, b | 1 | 4 |\n| d | 1 |  |\n", all.ToString());
        System.Text.StringBuilder means = new();
        new OwnershipOtherTable("x.csv", "X", ["kind", "name"], ("kind", "1"), ["z"]).Append(means, folder);
        Assert.Contains("| 1 | a, b | 3 |\n", means.ToString(), StringComparison.Ordinal);
        System.Text.StringBuilder none = new();
        new OwnershipOtherTable("y.csv", "Y", [], null, []).Append(none, folder);
        Assert.Equal(0, none.Length);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void The_distance_of_p_values_is_that_of_Kolmogorov_and_Smirnov()
    {
        double[] even = [.. Enumerable.Range(1, 300).Select(i => i / 300.0)];
        Assert.Equal(0, OwnershipClaimRow.Of("", "", 1, "", even).Distance, 1e-12);

        // Squares lie too low: the distance is the greatest of sqrt(p) - p, at p = 1/4.
        OwnershipClaimRow low = OwnershipClaimRow.Of("", "", 1, "", [.. even.Select(p => p * p)]);
        Assert.Equal(0.25, low.Distance, 1e-3);
        Assert.True(low.PValue < 1e-12);
        Assert.Equal(0.27, OwnershipClaimRow.Of("", "", 1, "", [.. even.Select(p => Math.Max(0, p - (1 / Math.Sqrt(300))))]).PValue, 0.02);
    }
}
