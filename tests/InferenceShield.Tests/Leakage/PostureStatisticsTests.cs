using System.Globalization;
using InferenceShield.Samples;
using InferenceShield.Statistics.Postures;

namespace InferenceShield.Tests;

/// <summary>The committed figures of the postures' releases are accepted, and a small run agrees with them.</summary>
public sealed class PostureStatisticsTests
{
    [Fact]
    public void Every_committed_figure_is_kept()
    {
        List<AcceptanceFigure> committed = ReadFigures();
        Assert.Equal(["fashion 14x14", "letter", "letter, 20 epochs", "letter, 60 epochs"], committed.Select(figure => figure.Data).Distinct().Order(StringComparer.Ordinal));
        Assert.All(committed, figure => Assert.True(figure.IsKept, figure.ToString()));
        Assert.All(Read("posture-acceptance.csv"), fields => Assert.Equal("yes", fields[^1]));
    }

    [Fact]
    public void A_small_run_is_accepted_and_agrees_with_the_committed_one()
    {
        Dictionary<(string, string, string), AcceptanceFigure> committed = ReadFigures().ToDictionary(figure => (figure.Data, figure.Release, figure.Figure));
        foreach (AcceptanceFigure figure in PostureExperiment.Accept([PostureExperiment.RunSlice()]))
        {
            Assert.True(figure.IsKept, figure.ToString());
            AcceptanceFigure whole = committed[(figure.Data, figure.Release, figure.Figure)];
            Assert.Equal((whole.Lowest, whole.Highest), (figure.Lowest, figure.Highest));

            // One seed of the three: shares and losses within what seeds differ by, counts within a fifth.
            Assert.Equal(whole.Measured, figure.Measured, Math.Max(0.03, Math.Abs(whole.Measured) / 5));
        }
    }

    [Fact]
    public void The_leak_check_agrees_with_the_committed_one()
    {
        Dictionary<string, string[]> committed = ReadRank();
        RankRow[] rows = [.. PostureExperiment.RunRank()];
        Assert.Equal(committed.Keys.Order(), rows.Select(row => $"{row.Epochs} {row.Release}").Order());
        Assert.All(rows.SelectMany(RankExperiment.Accept), figure => Assert.True(figure.IsKept, figure.ToString()));
        foreach (RankRow row in rows)
        {
            double[] numbers = [.. committed[$"{row.Epochs} {row.Release}"].Skip(2).Select(Number)];
            double[] measured = [row.Natural, row.ShrunkToHalf, row.ShrunkToQuarter, row.Subset];
            for (int i = 0; i < measured.Length; i++)
            {
                // Behind a real gap there is nothing but rounding errors.
                Assert.True(numbers[i] > 1e6 ? measured[i] > 1e6 : Math.Abs(measured[i] - numbers[i]) < 0.1, $"{row}: {numbers[i]}");
            }

            Assert.Equal(numbers[4], row.Distinct, numbers[4] / 50);
            Assert.Equal(numbers[5], row.Bits, 0.1);
        }
    }

    [Fact]
    public void What_the_documentation_says_of_decimals_is_what_was_measured()
    {
        Dictionary<string, string[]> rank = ReadRank();
        for (int decimals = 1; decimals <= 5; decimals++)
        {
            Assert.All(rank[$"60 round {decimals}"].Skip(2).Take(3), field => Assert.InRange(Number(field), 1, LeakReport.ClosedGap));
        }

        // A model that is less sure of itself tells its width through five decimals.
        Assert.True(rank["20 round 5"].Skip(2).Take(3).Max(Number) > 2 * LeakReport.ClosedGap);
    }

    private static Dictionary<string, string[]> ReadRank() => Read("posture-rank.csv").ToDictionary(fields => $"{fields[0]} {fields[1]}");

    private static List<AcceptanceFigure> ReadFigures() => [.. Read("posture-acceptance.csv").Select(fields =>
        new AcceptanceFigure(fields[0], fields[1], fields[2], Number(fields[3]), Number(fields[4]), Number(fields[5])))];

    private static List<string[]> Read(string file)
    {
        string path = Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results", file);
        return [.. File.ReadAllLines(path).Where(line => !line.StartsWith('#')).Skip(1).Select(Split)];
    }

    /// <summary>Texts that hold a comma are quoted.</summary>
    private static string[] Split(string line) =>
        [.. line.Split('"').SelectMany((part, i) => i % 2 == 1 ? [part] : part.Trim(',').Split(',', StringSplitOptions.RemoveEmptyEntries))];

    private static double Number(string field) => double.Parse(field, CultureInfo.InvariantCulture);
}
