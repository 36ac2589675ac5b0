using System.Collections.Immutable;

namespace InferenceShield.Lab;

/// <summary>What came of an audit.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class AuditResult
{
    internal AuditResult(AuditPlan plan, ImmutableArray<ExtractionResult> cells, ImmutableArray<PolicyUtility> utilities)
    {
        Plan = plan;
        Cells = cells;
        Utilities = utilities;
        AuditRow[] rows = [.. cells.GroupBy(cell => (cell.Setup, cell.Policy, cell.Attack, cell.Budget)).Select(Summarize)];
        Rows = [.. rows.Select(row => row with { Cost = CostOf(row, rows) })];
    }

    /// <summary>What was run.</summary>
    public AuditPlan Plan { get; }

    /// <summary>Every theft, in the plan's order.</summary>
    public ImmutableArray<ExtractionResult> Cells { get; }

    /// <summary>What each policy costs honest users, in the plan's order.</summary>
    public ImmutableArray<PolicyUtility> Utilities { get; }

    /// <summary>The thefts over all seeds, in the plan's order.</summary>
    public ImmutableArray<AuditRow> Rows { get; }

    /// <summary>The attack that agrees most, for each budget: what a thief who tries them all gets.</summary>
    /// <param name="setup">What was stolen.</param>
    /// <param name="policy">The policy in force.</param>
    /// <returns>One row for each budget, ascending. Of attacks that agree equally, the plan's first.</returns>
    public IReadOnlyList<AuditRow> FindBest(string setup, string policy) =>
        [.. Rows.Where(row => row.Setup == setup && row.Policy == policy).GroupBy(row => row.Budget).OrderBy(group => group.Key).Select(group => group.MaxBy(row => row.Agreement.Mean)!)];

    private static AuditRow Summarize(IEnumerable<ExtractionResult> seeds)
    {
        ExtractionResult[] cells = [.. seeds];
        ExtractionResult first = cells[0];
        return new AuditRow(
            first.Setup,
            first.Policy,
            first.Attack,
            first.Budget,
            Interval.OfRuns([.. cells.Select(cell => cell.Copy.Agreement)]),
            first.Copy.Accuracy is null ? null : Interval.OfRuns([.. cells.Select(cell => cell.Copy.Accuracy ?? 0)]),
            Interval.OfRuns([.. cells.Select(cell => cell.Copy.Distance)]),
            null);
    }

    private static CostMultiplier? CostOf(AuditRow row, AuditRow[] rows)
    {
        AuditRow[] undefended = CurveOf(row, ReleasePolicy.None.Name, rows);
        AuditRow[] defended = CurveOf(row, row.Policy, rows);
        return undefended.Length == 0 ? null : ToCurve(defended).Compare(ToCurve(undefended), Array.IndexOf(defended, row));
    }

    private static AuditRow[] CurveOf(AuditRow like, string policy, AuditRow[] rows) =>
        [.. rows.Where(row => row.Policy == policy && row.Setup == like.Setup && row.Attack == like.Attack).OrderBy(row => row.Budget)];

    /// <summary>Agreement against queries of some rows, budgets ascending.</summary>
    internal static AgreementCurve ToCurve(IEnumerable<AuditRow> rows) =>
        new([.. rows.Select(row => (double)row.Budget)], [.. rows.Select(row => row.Agreement.Mean)]);
}
