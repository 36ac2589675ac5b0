using System.Globalization;
using InferenceShield.Samples;
using InferenceShield.Statistics.Ownership;

namespace InferenceShield.Lab.Tests;

/// <summary>What the files of the other experiments say, as docs/ownership.md claims it.</summary>
public sealed class OwnershipOtherTests
{
    [Fact]
    public void Marks_of_tokens_follow_theory_and_are_not_seen_without_the_key()
    {
        List<Dictionary<string, string>> rows = Read("ownership-tokens.csv");
        (double least, double most) = OwnershipOtherText.Ratios(rows);
        Assert.InRange(least, 0.9, 1.1);
        Assert.InRange(most, 0.9, 1.1);
        Dictionary<string, string>[] unmarked = [.. rows.Where(row => row["edit"].StartsWith("unmarked", StringComparison.Ordinal))];
        Assert.Equal(20, unmarked.Length);
        Assert.All(unmarked, row => Assert.True(Number(row["distance_p"]) > 0.01));
        Assert.All(unmarked, row => Assert.InRange(Number(row["share_p_below_01"]), 0, 0.015));
    }

    [Fact]
    public void Directions_survive_in_stored_answers_and_accuse_no_innocent_model()
    {
        List<Dictionary<string, string>> rows = Read("ownership-directions.csv");
        Assert.All(rows.Where(row => row["suspect"] == "copy of the answers"), row => Assert.True(Number(row["least"]) > 3));
        Dictionary<string, string>[] innocent = [.. rows.Where(row => row["suspect"].Contains("clean answers", StringComparison.Ordinal) || row["suspect"].Contains("wrong key", StringComparison.Ordinal))];
        Assert.Equal(9, innocent.Length);
        Assert.All(innocent, row => Assert.InRange(Number(row["z"]), -2, 2));
        Assert.True(innocent.Count(row => Number(row["greatest"]) > 3) <= 1, "More than one of 27 tests of the innocent, the one that was measured, has z above 3.");
        Assert.True(Number(rows.Single(row => row["budget"] == "0.005" && row["directions"] == "4" && row["suspect"] == "network of 256 units on 20000 answers")["least"]) > 4);
    }

    [Fact]
    public void A_payload_of_pooled_answers_falls_as_the_root_of_accounts()
    {
        (double exponent, double half) = OwnershipOtherText.Fit(Read(CollusionExperiment.File), "answers");
        Assert.InRange(-0.5, exponent - half, exponent + half);
        List<Dictionary<string, string>> exact = [.. Enumerable.Range(1, 8).Select(n => new Dictionary<string, string>
        {
            ["suspect"] = "answers", ["accounts"] = n.ToString(CultureInfo.InvariantCulture), ["length"] = (3 * Math.Pow(n, -0.7)).ToString("R", CultureInfo.InvariantCulture),
        })];
        Assert.Equal(-0.7, OwnershipOtherText.Fit(exact, "answers").Exponent, 9);
    }

    [Fact]
    public void Stolen_models_that_were_never_marked_are_told_from_independent_ones_on_fashion()
    {
        List<Dictionary<string, string>> rows = Read("ownership-fingerprint-summary.csv");
        Dictionary<string, string> Of(string data, string stolen) => rows.Single(row => row["data"] == data && row["stolen"].StartsWith(stolen + " (", StringComparison.Ordinal) && row["statistic"] == "log-likelihood ratio");
        foreach (string kind in new[] { "all", "labels", "vectors", "of architectures the owner did not train" })
        {
            Assert.InRange(Number(Of("fashion", kind)["auc"]), 0.95, 1);
        }

        Assert.Equal("64", Of("fashion", "all")["independents"]);
        Assert.InRange(Number(Of("letters", "all")["auc"]), 0.95, 1);
    }

    [Theory]
    [InlineData("fashion")]
    [InlineData("letters")]
    public void Normal_p_values_of_independent_models_are_hardly_ever_small(string data)
    {
        Dictionary<string, string> row = Read("ownership-fingerprint-summary.csv").Single(row => row["data"] == data && row["stolen"].StartsWith("all (", StringComparison.Ordinal) && row["statistic"] == "log-likelihood ratio");
        Assert.InRange(Number(row["independents normal p<.01"]), 0, 0.025);
    }

    [Theory]
    [InlineData(1, 30, 30, 0.933, 1)]
    [InlineData(0.5, 30, 30, 0.36, 0.64)]
    [InlineData(0.968, 32, 32, 0.882, 0.991)]
    public void The_interval_of_an_area_holds_at_its_ends(double area, int stolen, int independents, double low, double high)
    {
        (double from, double to) = FingerprintExperiment.Interval(area, stolen, independents);
        Assert.Equal(low, from, 0.002);
        Assert.Equal(high, to, 0.002);
    }

    private static List<Dictionary<string, string>> Read(string file)
    {
        string path = Path.Combine(SampleFiles.FindRoot(), "tests", "InferenceShield.Statistics", "results", file);
        string[][] fields = [.. File.ReadLines(path).Where(line => !line.StartsWith('#') && line.Length > 0).Select(OwnershipOtherTable.Split)];
        return [.. fields.Skip(1).Select(row => fields[0].Zip(row).ToDictionary())];
    }

    private static double Number(string field) => double.Parse(field, CultureInfo.InvariantCulture);
}
