using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>From p-values to a verdict and its words.</summary>
/// <remarks>
/// A copy is spoken of from a combined p-value of .0001 down. An accusation costs more than a missed one; a marked copy of the usual kind gives far smaller
/// values, so little is lost; and with a hundred suspects asked in a year without adjustment one in a hundred years is accused wrongly. Above .01 enough answers
/// say that nothing was found. Between, nobody is told anything.
/// </remarks>
internal static class VerdictRules
{
    /// <summary>At or below it a suspect is consistent with copying.</summary>
    public const double Copying = 1e-4;

    /// <summary>Above it, with enough answers, there is no evidence.</summary>
    public const double Nothing = 0.01;

    /// <summary>The largest share of random keys below .01. Exact tests have .01 at most: of 1,000 keys a share above this is seen once in some ten thousand runs.</summary>
    public const double MostRandomKeys = 0.025;

    /// <summary>Why a test takes no part; null if it does.</summary>
    /// <remarks>Controls are taken together by Bonferroni: of thirty honest ones one in four sets has some p-value below .01.</remarks>
    public static string? WhyVoid(OwnershipTestResult test)
    {
        if (test.RandomKeyShare > MostRandomKeys)
        {
            return Say($"The {test.Name} test is void: {100 * test.RandomKeyShare:0.0} % of {test.RandomKeys} random keys have a p-value below .01, and at most {100 * MostRandomKeys:0.0} % may.");
        }

        double least = test.ControlPValues.Where(static value => !double.IsNaN(value)).DefaultIfEmpty(1).Min();
        return least * Math.Max(1, test.ControlPValues.Count) < Nothing
            ? Say($"The {test.Name} test is void: an independent control model has a p-value of {least:0.0e+0}. What is found in the suspect may be in any model.")
            : null;
    }

    public static VerificationReport Apply(VerificationReport report)
    {
        string[] voids = [.. report.Tests.Select(WhyVoid).OfType<string>()];
        OwnershipTestResult[] holding = [.. report.Tests.Where(test => WhyVoid(test) is null && !double.IsNaN(test.PValue))];
        bool suffices = holding.Any(test => test.Answers >= test.Needed);
        OwnershipVerdict verdict = report.CombinedPValue <= Copying ? OwnershipVerdict.ConsistentWithCopying
            : report.CombinedPValue > Nothing && suffices ? OwnershipVerdict.NoEvidence
            : OwnershipVerdict.Inconclusive;
        List<string> words = [verdict switch
        {
            OwnershipVerdict.ConsistentWithCopying => Say(
                $"Consistent with copying: '{report.Suspect}' repeats keyed choices of '{report.Model}' more often than a model does that never saw its answers. The chance that a key which marked nothing fits as well is at most {report.CombinedPValue:0.0e+0}."),
            OwnershipVerdict.NoEvidence => Say(
                $"No evidence: '{report.Suspect}' repeats the keyed choices of '{report.Model}' no more often than chance does (p = {report.CombinedPValue:0.000}), and the answers would have sufficed to see a copy that repeats as many as planned."),
            _ => Inconclusive(report, holding, suffices),
        }];
        return report with { Verdict = verdict, Words = string.Join(" ", words.Concat(voids)), Limits = Limits(report, verdict) };
    }

    private static string Inconclusive(VerificationReport report, OwnershipTestResult[] holding, bool suffices)
    {
        if (holding.Length == 0)
        {
            return "Inconclusive: no test has answers that count and holds.";
        }

        if (suffices)
        {
            OwnershipTestResult? first = holding.FirstOrDefault(static test => test.Method == PValueMethod.RandomKeys && test.PValue * (1 + test.RandomKeys) < 1.5);
            string keys = first is null ? "" : Say($" None of {first.RandomKeys:N0} random keys fits as well in the {first.Name} test: with {1 / Copying:N0} of them a smaller p can be stated.");
            return Say($"Inconclusive: p = {report.CombinedPValue:0.0e+0} lies between what chance explains ({Nothing}) and what an accusation takes ({Copying}). Ask more queries, chosen before they are asked.{keys}");
        }

        OwnershipTestResult nearest = holding.MinBy(static test => (double)test.Needed / Math.Max(1, test.Answers))!;
        return Say($"Inconclusive: too few answers. The {nearest.Name} test has {nearest.Answers:N0} that count and needs {nearest.Needed - nearest.Answers:N0} more (p = {report.CombinedPValue:0.000e+0} so far).");
    }

    private static List<string> Limits(VerificationReport report, OwnershipVerdict verdict)
    {
        List<string> limits =
        [
            "A verdict is about answers, not about people: it does not say who copied, when, or with whose leave. Which caller was given which marked answers is in the evidence list.",
            "A model that was trained lawfully on the same marked answers, bought, licensed or public, shows the same.",
            "The p-value is the chance of such a fit for a key that marked nothing. It is not the chance that the suspect is innocent.",
        ];
        if (verdict == OwnershipVerdict.ConsistentWithCopying)
        {
            limits.Add("The p-value holds for queries that were chosen without regard to the suspect's answers. Nothing here shows that they were: of queries that were picked after the suspect had answered, it says nothing. Have somebody else draw them, or compare them with a log or an evidence list that was stamped before.");
        }
        else
        {
            limits.Add("Finding nothing does not clear a model: strong regularisation, voting over near-duplicates, ensembles and further training weaken marks.");
        }

        if (report.Commitment.Length == 0)
        {
            limits.Add("No commitment was opened: nothing shows that the key was chosen before the suspect was known, and a key can be searched for until it fits.");
        }

        if (report.Controls.Count == 0)
        {
            limits.Add("No independent control models were tested beside the suspect; the calibration is by random keys alone.");
        }

        return limits;
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
