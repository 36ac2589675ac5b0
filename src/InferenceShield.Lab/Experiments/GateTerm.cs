using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>One comparison of a gate.</summary>
internal sealed record GateTerm(GateMetric Metric, string? Setup, string? Policy, string? Attack, string Comparison, double Bound, int? Budget)
{
    private bool IsOfPolicy => Metric is GateMetric.TopOneChanged or GateMetric.Distance;

    /// <summary>The finding that exceeds the bound most; null where none does.</summary>
    public string? FindTripping(AuditResult result)
    {
        int budget = Budget ?? result.Plan.Budgets[^1];
        (double Value, string Finding)[] tripping = [.. (IsOfPolicy ? OfPolicies(result) : OfRows(result, budget)).Where(found => Holds(found.Value))];
        return tripping.Length == 0 ? null
            : tripping.FirstOrDefault(found => double.IsNaN(found.Value)).Finding is { } unmeasured ? unmeasured
            : Comparison[0] == '>' ? tripping.MaxBy(found => found.Value).Finding
            : tripping.MinBy(found => found.Value).Finding;
    }

    /// <summary>What could not be measured is beyond every bound: a build does not pass by it.</summary>
    private bool Holds(double value) => double.IsNaN(value) || Comparison switch
    {
        ">" => value > Bound,
        ">=" => value >= Bound,
        "<" => value < Bound,
        _ => value <= Bound,
    };

    private bool Covers(string setup, string policy) =>
        (Setup is null || Setup == setup) && (Policy is null ? policy != ReleasePolicy.None.Name : Policy == policy);

    private IEnumerable<(double Value, string Finding)> OfPolicies(AuditResult result)
    {
        foreach (PolicyUtility utility in result.Utilities.Where(utility => Covers(utility.Setup, utility.Policy)))
        {
            (double value, string name) = Metric == GateMetric.TopOneChanged ? (utility.TopChanged, "top1-changed") : (utility.Distance, "l1");
            yield return (value, Say($"{name} of policy {utility.Policy} on {utility.Setup} is {value:0.0000}"));
        }
    }

    private IEnumerable<(double Value, string Finding)> OfRows(AuditResult result, int budget)
    {
        foreach (AuditRow row in result.Rows.Where(row => Covers(row.Setup, row.Policy) && row.Budget == budget && (Attack is null || Attack == row.Attack)))
        {
            (double? value, string name) = Metric switch
            {
                GateMetric.Agreement => ((double?)row.Agreement.Mean, "agreement"),
                GateMetric.Accuracy => (row.Accuracy?.Mean, "accuracy"),
                _ => (row.Cost?.Value, "cost-multiplier"),
            };
            if (value is { } known)
            {
                yield return (known, Say($"{name} of attack {row.Attack} against policy {row.Policy} on {row.Setup} is {known:0.0000} at {budget} queries"));
            }
        }
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
