using System.Globalization;

namespace InferenceShield.Lab.Tests;

public sealed class DecisionPathAttackTests
{
    private static readonly Lazy<DecisionTree> s_small = new(() => DecisionTree.Train(ExactTargets.Training.Slice(0, 2000), 6, 5));
    private static readonly Lazy<DecisionTree> s_halves = new(() => DecisionTree.Train(Halves(), 7, 5));

    // Rounding changes the answers of leaves, not that they differ: it costs this attack nothing.
    [Theory]
    [InlineData("none")]
    [InlineData("normal")]
    public async Task Every_leaf_of_a_tree_is_found_by_its_answer_rounded_or_not(string policy)
    {
        ExactResult result = await ExactTargets.StealAsync(new DecisionPathAttack(), s_small.Value, policy, 10_000);
        Assert.True(result.IsRecovered, result.Verdict);
        Assert.Equal(0, result.Residual);
        Assert.Equal(s_small.Value.LeafCount, ((TreeCopy)result.Copy!).LeafCount);
        Assert.Equal(1, ExactTargets.Agreement(s_small.Value, result.Copy!, ExactTargets.Test));
        Assert.InRange(result.Queries, 40 * s_small.Value.LeafCount, 200 * s_small.Value.LeafCount);
    }

    // Measured: 45 leaves go by 41 names at full precision, 32 rounded, 12 in bands and 2 as labels; 8,644 queries find them
    // all, in bands 10,500, and with labels 30,000 do not.
    [Fact]
    public async Task Coarse_answers_give_leaves_the_same_names_which_costs_queries_and_the_structure_but_few_labels()
    {
        Dictionary<string, ExactResult> results = [];
        Dictionary<string, int> names = [];
        foreach (string policy in new[] { "none", "normal", "guarded", "restricted" })
        {
            ExactResult result = await ExactTargets.StealAsync(new DecisionPathAttack(), s_halves.Value, policy, 20_000);
            results[policy] = result;
            names[policy] = int.Parse(result.Verdict.Split(" boxes with ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
            Assert.True(ExactTargets.Agreement(s_halves.Value, result.Copy!, ExactTargets.Test) > 0.97, $"{policy}: {result}");
        }

        Assert.True(results["none"].IsRecovered && results["guarded"].IsRecovered);
        Assert.True(results["guarded"].Queries > 1.1 * results["none"].Queries);
        Assert.False(results["restricted"].IsRecovered);
        Assert.True(names["none"] > names["normal"] && names["normal"] > 2 * names["guarded"] && names["guarded"] > names["restricted"]);
        Assert.Equal(2, names["restricted"]);
        Assert.Contains("how sure a leaf is and where leaves of one label meet cannot be known", results["restricted"].Verdict, StringComparison.Ordinal);
        Assert.Contains("where leaves that answer alike meet cannot be known", results["guarded"].Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_boxes()
    {
        ExactResult first = await ExactTargets.StealAsync(new DecisionPathAttack(), s_small.Value, "restricted", 4000);
        ExactResult again = await ExactTargets.StealAsync(new DecisionPathAttack(), s_small.Value, "restricted", 4000);
        Assert.Equal(first.Verdict, again.Verdict);
        Assert.Equal(1, ExactTargets.Agreement(first.Copy!, again.Copy!, ExactTargets.Test));
    }

    [Fact]
    public async Task A_budget_that_is_too_small_gives_the_leaves_found_so_far()
    {
        ExactResult result = await ExactTargets.StealAsync(new DecisionPathAttack(), s_small.Value, "none", 2000);
        Assert.False(result.IsRecovered);
        Assert.InRange(result.Queries, 1900, 2000);
        Assert.InRange(((TreeCopy)result.Copy!).LeafCount, 3, s_small.Value.LeafCount - 1);
        Assert.Contains("the budget of 2000 queries was spent", result.Verdict, StringComparison.Ordinal);
        Assert.InRange(result.Residual, 0.05, 0.95);
    }

    [Fact]
    public async Task A_model_without_boxes_is_not_recovered()
    {
        ExactResult result = await ExactTargets.StealAsync(new DecisionPathAttack(), ExactTargets.Linear, "none", 3000);
        Assert.False(result.IsRecovered);
        Assert.Contains("100.0 % of random inputs unexplained", result.Verdict, StringComparison.Ordinal);
    }

    private static Dataset Halves() => new(
        "halves", ExactTargets.Training.Values[..32_000], 16, ExactTargets.Training.Labels[..2000].ToArray().Select(label => label % 2).ToArray(), 2);
}
