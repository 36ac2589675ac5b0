namespace InferenceShield.Lab.Tests;

public sealed class AuditGateTests
{
    private static readonly AuditResult s_result = Result();

    [Theory]
    [InlineData("agreement>0.80@5000", true)]
    [InlineData("agreement > 0.85 @ 5000", false)]
    [InlineData("agreement>=0.84@5000", true)]
    [InlineData("agreement>0.84@5000", false)]
    [InlineData("agreement>0.80", true)]
    [InlineData("agreement>0.60@500", false)]
    [InlineData("agreement[policy=none]>0.85", true)]
    [InlineData("agreement[policy=shield,attack=naive]>0.8@5000", false)]
    [InlineData("agreement[ policy=shield , attack=top-1 ]>0.8@5000 and l1>0.1", true)]
    [InlineData("agreement>0.8@5000 and l1>0.3", false)]
    [InlineData("accuracy<0.5", false)]
    [InlineData("accuracy[attack=naive]<=0.7@500", true)]
    [InlineData("top1-changed>0.01", true)]
    [InlineData("top1-changed[policy=none]>0", false)]
    [InlineData("cost-multiplier[attack=top-1]<2", true)]
    [InlineData("cost-multiplier[attack=naive]<2", false)]
    public void A_gate_trips_on_the_mean_over_seeds(string expression, bool tripped)
    {
        AuditGate gate = AuditGate.Parse(expression);
        gate.RequireNames(s_result.Plan);
        GateOutcome outcome = gate.Check(s_result);
        Assert.Equal(tripped, outcome.Tripped);
        Assert.Equal(expression, outcome.Expression);
    }

    [Theory]
    [InlineData("", 1, "a metric: agreement, accuracy, top1-changed, l1, cost-multiplier")]
    [InlineData("agrement>0.8@5000", 1, "'agrement>0.8@5000'")]
    [InlineData("agreement", 10, "found the end, expected a comparison")]
    [InlineData("agreement=0.8", 10, "a comparison: >, >=, <, <=")]
    [InlineData("agreement>80", 11, "a share from 0 to 1")]
    [InlineData("agreement>0,8", 12, "'and' with another term")]
    [InlineData("agreement>0.8@5k", 15, "a whole number of queries")]
    [InlineData("agreement>0.8@0", 15, "a whole number of queries")]
    [InlineData("agreement[police=shield]>0.8", 11, "a filter, each once: setup, policy, attack")]
    [InlineData("agreement[policy=a,policy=b]>0.8", 20, "a filter, each once")]
    [InlineData("agreement[policy=]>0.8", 18, "the name of a policy")]
    [InlineData("agreement[policy=shield>0.8", 24, "or ']'")]
    [InlineData("l1>0.1@5000", 7, "no budget")]
    [InlineData("l1[attack=naive]>0.1", 4, "setup, policy")]
    [InlineData("agreement>0.8 or l1>1", 15, "'and'")]
    [InlineData("agreement>0.8 and", 18, "a metric")]
    [InlineData("agreement>-1", 11, "a share")]
    [InlineData("agreement<-Infinity", 11, "a share")]
    public void A_typo_is_named_with_its_place_and_what_is_allowed(string expression, int position, string expected)
    {
        string message = Assert.Throws<FormatException>(() => AuditGate.Parse(expression)).Message;
        Assert.Contains($"position {position}:", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agreement[policy=shelf]>0.8", "the audit has: none, shield")]
    [InlineData("agreement[attack=dfme]>0.8", "the audit has: naive, top-1")]
    [InlineData("agreement>0.8@700", "the audit has: 500, 5000")]
    public void Names_that_the_audit_lacks_are_refused_before_it_runs(string expression, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => AuditGate.Parse(expression).RequireNames(s_result.Plan)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("agreement[policy=shelf]>0.1")]
    [InlineData("agreement>0.1@700")]
    public void A_gate_that_names_what_the_audit_lacks_holds_nothing_back_in_silence(string expression) =>
        Assert.Throws<FormatException>(() => AuditGate.Parse(expression).Check(s_result));

    [Theory]
    [InlineData("agreement>0.8")]
    [InlineData("agreement[attack=naive]<0.8")]
    [InlineData("l1>0.1")]
    [InlineData("top1-changed<=0.1")]
    public void What_is_not_a_number_trips_a_gate(string expression)
    {
        AuditResult unmeasured = new(
            s_result.Plan,
            [.. s_result.Cells.Select(cell => cell with { Copy = new CopyMetrics(double.NaN, 0.7, 0, 0.1) })],
            [.. s_result.Utilities.Select(utility => utility with { TopChanged = double.NaN, Distance = double.NaN })]);
        GateOutcome outcome = AuditGate.Parse(expression).Check(unmeasured);
        Assert.True(outcome.Tripped);
        Assert.Contains("NaN", outcome.Finding, StringComparison.Ordinal);
    }

    /// <summary>Agreement is known: undefended .6 and .9; under the shield .5 and .6 naive, .55 and .84 top-1 (mean of .82 and .86).</summary>
    private static AuditResult Result()
    {
        AuditPlan clouds = AuditSample.Plan();
        AuditPlan plan = new(clouds.Setups, [ReleasePolicy.None, new ReleasePolicy("shield", _ => ReleasePolicy.None.Create(0))], clouds.Attacks, [500, 5000], clouds.Seeds);
        return new AuditResult(
            plan,
            [.. plan.Cells.Select(cell => new ExtractionResult(
                "clouds", cell.Policy.Name, cell.Attack.Name, cell.Budget, cell.Seed, cell.Budget, cell.Budget, new CopyMetrics(Agreement(cell), 0.7, 0, 0.1)))],
            [new PolicyUtility("clouds", "none", 0, 0, 0.9, null, null), new PolicyUtility("clouds", "shield", 0.02, 0.2, 0.88, null, null)]);
    }

    private static double Agreement(AuditCell cell) => (cell.Policy.Name, cell.Attack.Name, cell.Budget) switch
    {
        ("none", _, 500) => 0.6,
        ("none", _, _) => 0.9,
        (_, "naive", 500) => 0.5,
        (_, "naive", _) => 0.6,
        (_, _, 500) => 0.55,
        _ => cell.Seed == 1 ? 0.82 : 0.86,
    };
}
