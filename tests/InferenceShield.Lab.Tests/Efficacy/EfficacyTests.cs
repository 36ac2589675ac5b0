using System.Globalization;
using InferenceShield.Samples;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Lab.Tests;

/// <summary>docs/efficacy.md says what its CSV says, the CSV what a run says.</summary>
public sealed class EfficacyTests
{
    private static readonly string s_root = SampleFiles.FindRoot();
    private static readonly string s_results = Path.Combine(s_root, "tests", "InferenceShield.Statistics", "results");
    private static readonly IReadOnlyList<EfficacyRow> s_rows = EfficacyRow.Read(Path.Combine(s_results, EfficacyRow.File));
    private static readonly IReadOnlyList<EfficacyUtilityRow> s_utility = EfficacyUtilityRow.Read(Path.Combine(s_results, EfficacyUtilityRow.File));
    private static readonly EfficacyFigures s_figures = new(s_rows);

    public static TheoryData<string> Targets => [.. EfficacyText.Targets.Select(target => target.Target)];

    [Fact]
    public void The_page_and_its_plot_are_made_of_the_csv()
    {
        foreach ((string path, string text) in EfficacyPage.Make(s_root))
        {
            Assert.True(File.ReadAllText(path) == text, $"{Path.GetFileName(path)} is not what the CSV says: run the verb `efficacy page`.");
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void The_claims_of_the_page_hold(string target)
    {
        double Loss(string policy, string attack, int budget) => EfficacyText.Difference(s_figures, target, policy, attack, budget);
        double labels = Loss("restricted", "naive", 5_000);
        Assert.InRange(labels, 0.5, 3);
        Assert.True(Loss("restricted", "naive", 500) > labels - 0.5);
        Assert.InRange(EfficacyText.WorstAdaptive(s_figures, target).Loss, 0, labels + 1);
        Assert.True(Loss("ModelGuard-W 1", "naive", 5_000) > 30);
        Assert.True(Loss("temperature 2", "naive", 2_000) < 0, "temperature helps the thief");
        Assert.InRange(Loss("normal", "naive", 5_000), -0.5, 0.5);

        // Labels are the same under every policy that keeps them; so is what they teach.
        foreach (string policy in new[] { "temperature 2", "keyed noise 0.2", "ModelGuard-W 1", "codebook", "normal", "guarded", "restricted" })
        {
            Assert.Equal(labels, Loss(policy, "top-1", 5_000), 1e-9);
            Assert.Equal(Loss("restricted", "8 near-repeats by label", 5_000), Loss(policy, "8 near-repeats by label", 5_000), 1e-9);
        }

        // Repeats of an answer that is a function average to that answer.
        foreach (string policy in new[] { "keyed noise 0.2", "ModelGuard-W 0.2", "normal", "guarded" })
        {
            Assert.Equal(s_figures.Agreement(target, policy, "naive", 5_000)!.Value.Mean, s_figures.Agreement(target, policy, "8 repeats", 5_000)!.Value.Mean, 1e-9);
        }

        EfficacyUtilityRow guarded = s_utility.Single(row => row.Target == target && row.Policy == "guarded");
        Assert.Equal(0, guarded.TopChanged + guarded.Crossings);
        Assert.True(s_utility.Single(row => row.Target == target && row.Policy == "reverse sigmoid").Separation < 0.5);
    }

    [Fact]
    public void An_undefended_thief_is_no_straw_man() =>
        Assert.True(s_figures.Agreement(EfficacyTarget.Fashion, "none", "naive", 15_000)!.Value.Mean > 85);

    [Fact]
    public void Copies_are_as_good_as_those_of_another_library_on_the_same_answers()
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(s_results, "surrogate-comparison.csv")).Skip(2).Select(line => line.Split(','))];
        foreach (string[] row in rows)
        {
            double ahead = double.Parse(row[7], CultureInfo.InvariantCulture) - double.Parse(row[4], CultureInfo.InvariantCulture);
            Assert.True(ahead < 0.02, string.Join(',', row));
            Assert.True(row[6] != "torch" || Math.Abs(ahead) < 0.005, string.Join(',', row));
        }

        Assert.NotEmpty(rows);
    }

    [Theory]
    [InlineData("none", "naive")]
    [InlineData("none", "top-1")]
    [InlineData("ModelGuard-W 1", "naive")]
    [InlineData("guarded", "naive")]
    public async Task A_few_thefts_run_again_come_to_what_is_committed(string policy, string attack)
    {
        const int Budget = 500;
        const double MachinesDiffer = 0.02; // the order of sums follows the width of vectors, and training amplifies last bits
        EfficacyTarget target = s_letters.Value;
        EfficacyCell cell = new(target.Policies.Single(one => one.Name == policy), attack, Budget, 11) { Target = EfficacyTarget.Letters, Repeats = 8 };
        EfficacyRow again = await cell.RunAsync(target, default);
        EfficacyRow committed = s_rows.Single(row => row.Target == again.Target && row.Policy == policy && row.Attack == attack && row.Budget == Budget && row.Seed == 11);
        Assert.Equal(committed.Agreement, again.Agreement, MachinesDiffer);
        Assert.Equal(Budget, again.Queries);
    }

    private static readonly Lazy<EfficacyTarget> s_letters = new(() => EfficacyTarget.Load(EfficacyTarget.Letters));
}
