using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>One p-value of several.</summary>
internal static class Combination
{
    /// <summary>Fisher's product (Statistical Methods for Research Workers, 1932): the tail of chi-square with two degrees of freedom a test.</summary>
    /// <remarks>
    /// Valid for tests of different marks even where they read the same answers: given the answers, each p-value is a function of its own mark's key alone,
    /// the keys are derived independently of one another, and each p-value is uniform or above it over random keys. So the p-values are independent, whatever
    /// the answers are. Not valid for p-values that come from control models: those hang on the answers themselves.
    /// </remarks>
    public static double Fisher(ReadOnlySpan<double> pValues)
    {
        double x = 0;
        foreach (double value in pValues)
        {
            x -= Math.Log(Math.Max(BinomialTail.Smallest, value));
        }

        // Half of chi-square; its tail with an even number of degrees is a Poisson sum.
        double term = 1;
        double sum = 1;
        for (int i = 1; i < pValues.Length; i++)
        {
            term *= x / i;
            sum += term;
        }

        return Math.Clamp(Math.Exp(Math.Log(sum) - x), BinomialTail.Smallest, 1);
    }

    /// <summary>Holm's step-down adjustment (1979): the chance that any of several is accused wrongly stays below the level, whatever hangs on what.</summary>
    /// <param name="pValues">One for each of a family; NaN takes no part and stays NaN.</param>
    public static double[] Holm(ReadOnlySpan<double> pValues)
    {
        double[] given = pValues.ToArray();
        double[] adjusted = [.. given];
        int[] order = [.. Enumerable.Range(0, given.Length).Where(i => !double.IsNaN(given[i])).OrderBy(i => given[i])];
        double least = 0;
        for (int i = 0; i < order.Length; i++)
        {
            least = Math.Max(least, Math.Min(1, (order.Length - i) * given[order[i]]));
            adjusted[order[i]] = least;
        }

        return adjusted;
    }

    /// <summary>All tests of a report together, times the ways in which who asked could have chosen (Bonferroni).</summary>
    public static (double PValue, string How) Of(VerificationReport report)
    {
        (double pValue, string how) = Of(report.Tests);
        double keys = 1 + report.OtherCommitments.Count;
        double choices = report.Binding?.Choices ?? 1;
        string times = keys * choices == 1 ? "" : string.Create(
            CultureInfo.InvariantCulture, $" Times {keys * choices:N0}: {keys:N0} {(keys == 1 ? "key was" : "keys were")} declared, and queries could have been chosen in {choices:N0} {(choices == 1 ? "way" : "ways")}.");
        return (Math.Min(1, keys * choices * pValue), how + times);
    }

    /// <summary>All tests of one suspect together: Fisher's product of those by keys that have the answers they need, then Bonferroni with the others.</summary>
    /// <remarks>How many answers a test has does not hang on the owner's key, so leaving it out of the product by that is no choice of a result. It is not thrown
    /// away either: few answers can be strong evidence, and beside the product they cost no more than a factor.</remarks>
    /// <param name="tests">All; those that are void or without a p-value take no part.</param>
    public static (double PValue, string How) Of(IReadOnlyList<OwnershipTestResult> tests)
    {
        OwnershipTestResult[] holding = [.. tests.Where(static test => VerdictRules.WhyVoid(test) is null && !double.IsNaN(test.PValue))];
        string voids = string.Concat(tests.Where(static test => VerdictRules.WhyVoid(test) is not null).Select(static test => $" The {test.Name} test is void and stays out."));
        OwnershipTestResult[] keyed = [.. holding.Where(static test => test.Method != PValueMethod.Controls && test.Answers >= test.Needed)];
        OwnershipTestResult[] few = [.. holding.Where(static test => test.Method != PValueMethod.Controls && test.Answers < test.Needed)];
        OwnershipTestResult[] controlled = [.. holding.Where(static test => test.Method == PValueMethod.Controls)];
        if (holding.Length == 0)
        {
            return (double.NaN, "No test has a p-value." + voids);
        }

        List<string> how = [];
        if (keyed.Length > 1)
        {
            how.Add("Fisher's product: each p-value is over random keys given the answers, and the keys of the marks are derived independently, so the p-values are independent though they read the same answers");
        }
        else if (keyed.Length == 1)
        {
            how.Add("One test by keys");
        }

        if (few.Length > 0)
        {
            how.Add($"Fewer answers than planned have: {string.Join(", ", few.Select(static test => test.Name))}; such tests stay out of Fisher's product");
        }

        // Whatever hangs on what, the least of m times m is a p-value.
        double[] all = [.. keyed.Length == 0 ? [] : new[] { keyed.Length == 1 ? keyed[0].PValue : Fisher([.. keyed.Select(static test => test.PValue)]) }, .. few.Concat(controlled).Select(static test => test.PValue)];
        if (all.Length > 1)
        {
            string why = controlled.Length > 0 ? ", because p-values by control models hang on the same answers" : "";
            how.Add(string.Create(CultureInfo.InvariantCulture, $"Bonferroni over {all.Length}{why}"));
        }
        else if (controlled.Length == 1)
        {
            how.Add("One test by control models");
        }

        return (all.Length == 1 ? all[0] : Math.Min(1, all.Length * all.Min()), string.Join("; ", how) + "." + voids);
    }
}
