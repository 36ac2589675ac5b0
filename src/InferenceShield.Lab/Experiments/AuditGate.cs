namespace InferenceShield.Lab;

/// <summary>A condition under which a build fails, such as <c>agreement[policy=shield,attack=naive]&gt;0.8@5000</c>.</summary>
/// <remarks>
/// <para>A term is a metric, filters in brackets or none, a comparison (&gt;, &gt;=, &lt;, &lt;=), a number, and @ with a budget. Terms are
/// joined by <c>and</c>. Metrics: <c>agreement</c>, <c>accuracy</c> (shares, 0 to 1) and <c>cost-multiplier</c> of copies;
/// <c>top1-changed</c> (a share) and <c>l1</c> (0 to 2) of policies, which have no budget. Filters: <c>setup</c>, <c>policy</c>,
/// <c>attack</c>, each with one name.</para>
/// <para>A term holds if it holds for anything that its filters leave. Without a filter for policies that is every policy but
/// <c>none</c>; without a budget, the plan's largest. The gate trips when all of its terms hold. Compared is the mean over seeds,
/// without regard to its interval; of a cost multiplier outside of what was measured, the guess.</para>
/// <para>Immutable and thread-safe.</para>
/// </remarks>
public sealed class AuditGate
{
    private readonly GateTerm[] _terms;

    private AuditGate(string expression, GateTerm[] terms)
    {
        Expression = expression;
        _terms = terms;
    }

    /// <summary>The gate as it was written.</summary>
    public string Expression { get; }

    /// <summary>Reads a gate.</summary>
    /// <param name="expression">See the remarks of the type.</param>
    /// <exception cref="FormatException">Cannot be read: says where, and what is allowed there.</exception>
    public static AuditGate Parse(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        return new AuditGate(expression, new GateParser(expression).Parse());
    }

    /// <summary>Sees to it that a plan has what the gate names, before anything is run.</summary>
    /// <exception cref="FormatException">It has not: says what it has.</exception>
    public void RequireNames(AuditPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        foreach (GateTerm term in _terms)
        {
            Require("setup", term.Setup, plan.Setups.Select(setup => setup.Name));
            Require("policy", term.Policy, plan.Policies.Select(policy => policy.Name));
            Require("attack", term.Attack, plan.Attacks.Select(attack => attack.Name));
            Require("budget", term.Budget?.ToString(System.Globalization.CultureInfo.InvariantCulture), plan.Budgets.Select(budget => budget.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            if (term.Policy is null && plan.Policies.All(policy => policy.Name == ReleasePolicy.None.Name))
            {
                throw new FormatException($"Gate '{Expression}' judges every policy but 'none', and the audit has no other. Add a policy, or write [policy=none].");
            }

            if (term.Metric == GateMetric.Accuracy && plan.Setups.Any(setup => !setup.Test.HasLabels))
            {
                throw new FormatException($"Gate '{Expression}' judges accuracy, and the data have no labels. Give labels, or judge agreement.");
            }

            if (term.Metric == GateMetric.Cost && plan.Policies.All(policy => policy.Name != ReleasePolicy.None.Name))
            {
                throw new FormatException($"Gate '{Expression}' judges cost against the policy 'none', which the audit lacks. Add it.");
            }
        }
    }

    /// <summary>Judges an audit. What is not a number is beyond every bound.</summary>
    /// <exception cref="FormatException">The audit has not what the gate names; see <see cref="RequireNames"/>.</exception>
    public GateOutcome Check(AuditResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        RequireNames(result.Plan);
        string?[] findings = [.. _terms.Select(term => term.FindTripping(result))];
        return findings.All(finding => finding is not null)
            ? new GateOutcome(Expression, true, string.Join("; ", findings))
            : new GateOutcome(Expression, false, "nothing is beyond the bound");
    }

    private void Require(string kind, string? name, IEnumerable<string> known)
    {
        string[] names = [.. known];
        if (name is not null && !names.Contains(name))
        {
            throw new FormatException($"Gate '{Expression}' names the {kind} '{name}'; the audit has: {string.Join(", ", names)}.");
        }
    }
}
