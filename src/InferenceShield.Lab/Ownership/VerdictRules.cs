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

    /// <summary>Fewer random keys cannot give a rank that is small enough to speak of a copy.</summary>
    private const int LeastRandomKeys = 10_000;

    /// <summary>Fewer answers that count accuse nobody, however well they fit.</summary>
    public const int LeastAnswers = 30;

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
        bool suffices = holding.Any(test => test.Answers >= test.Needed && CanReach(test, Nothing));
        bool isKeyed = holding.Length == 0 || Array.Exists(holding, static test => test.Method != PValueMethod.Controls);
        bool isThin = holding.Length > 0 && holding.Max(static test => test.Answers) < LeastAnswers;
        double worst = report.CombinedPValue <= Copying ? LeftOutEntries.AtWorst(report) : report.CombinedPValue;
        OwnershipVerdict verdict = report.CombinedPValue <= Copying && !isThin && worst <= Copying ? OwnershipVerdict.ConsistentWithCopying
            : report.CombinedPValue > Nothing && suffices ? OwnershipVerdict.NoEvidence
            : OwnershipVerdict.Inconclusive;
        string first = verdict == OwnershipVerdict.ConsistentWithCopying && report.Controls.Count == 0 && holding.All(static test => test.ControlPValues.Count == 0)
            ? "No independent model was asked, and an expert will ask for one. "
            : "";
        List<string> words = [first + verdict switch
        {
            _ when !isKeyed => Unkeyed(report, holding, verdict),
            not OwnershipVerdict.Inconclusive when holding.All(static test => test.Name == DirectionMarkTest.Name) => Embedded(report, verdict),
            OwnershipVerdict.ConsistentWithCopying => Say(
                $"Consistent with copying: '{report.Suspect}' repeats keyed choices of '{report.Model}' more often than a model does that never saw its answers. The chance that a key which marked nothing fits as well is at most {report.CombinedPValue:0.0e+0}."),
            OwnershipVerdict.NoEvidence => Say(
                $"No evidence: '{report.Suspect}' repeats the keyed choices of '{report.Model}' no more often than chance does (p = {report.CombinedPValue:0.000}), and the answers would have sufficed to see a copy that repeats as many as planned with p <= {Copying}."),
            _ when !isThin && worst > Copying && report.CombinedPValue <= Copying => Say(
                $"Inconclusive: p = {VerificationWriter.PValue(report.CombinedPValue)} for the queries that were asked, but {report.Binding!.LeftOut:N0} of the list are left out, and had all of them been answered otherwise than the key picks p could be {VerificationWriter.PValue(worst)}, where an accusation takes {Copying:0.0e+0}. Find their inputs, or take a copy of the list that still has them."),
            _ => Inconclusive(report, holding, suffices),
        }];
        words.AddRange(isKeyed ? Bound(report, verdict) : []);
        return report with { Verdict = verdict, Words = string.Join(" ", words.Concat(voids)), Limits = Limits(report, verdict, isKeyed) };
    }

    /// <summary>Whether a p-value can be so small at all: by controls it is one in their number and one at least.</summary>
    private static bool CanReach(OwnershipTestResult test, double pValue) => test.Method != PValueMethod.Controls || 1.0 / (1 + test.ControlPValues.Count) <= pValue;

    /// <summary>Words where no test has a key.</summary>
    private static string Unkeyed(VerificationReport report, OwnershipTestResult[] holding, OwnershipVerdict verdict)
    {
        int controls = holding.Max(static test => test.ControlPValues.Count);
        return verdict switch
        {
            OwnershipVerdict.ConsistentWithCopying => Say(
                $"Consistent with copying: '{report.Suspect}' agrees with '{report.Model}' more than {controls:N0} independent models do (p = {report.CombinedPValue:0.0e+0})."),
            OwnershipVerdict.NoEvidence => Say(
                $"No evidence: '{report.Suspect}' agrees with '{report.Model}' no more than independent models do (p = {report.CombinedPValue:0.000}, {controls:N0} controls)."),
            _ => Say($"Inconclusive: compared with {controls:N0} independent models p = {report.CombinedPValue:0.0000}, and so many cannot give less than {1.0 / (1 + controls):0.0000}. ")
                + Say($"No evidence takes at least 99 of them, and an accusation p <= {Copying}, which a mark reaches and a fingerprint hardly does."),
        };
    }

    /// <summary>Words where all that was tested is the directions of embeddings, of which a copy repeats no share.</summary>
    private static string Embedded(VerificationReport report, OwnershipVerdict verdict) => verdict == OwnershipVerdict.ConsistentWithCopying
        ? Say($"Consistent with copying: embeddings of '{report.Suspect}' lean towards the keyed directions of '{report.Model}' more than those of a model do that never saw its answers. The chance that a key which marked nothing fits as well is at most {report.CombinedPValue:0.0e+0}.")
        : Say($"No evidence: embeddings of '{report.Suspect}' lean towards the keyed directions of '{report.Model}' no more than chance explains (p = {report.CombinedPValue:0.000}). So many answers sufficed to see, with p <= {Copying}, a network that was trained on 6,000 answers with the default mark; a simpler copy, such as a linear map, or one of fewer answers may show nothing.");

    /// <summary>What is known of how queries were chosen.</summary>
    private static IEnumerable<string> Bound(VerificationReport report, OwnershipVerdict verdict)
    {
        if (report.Binding is not { } binding)
        {
            return verdict == OwnershipVerdict.ConsistentWithCopying ? ["The queries are bound to no stamped list: they could have been chosen by their answers."] : [];
        }

        if (binding.Stamped is not { } stamped)
        {
            return ["The queries are those of a list that nobody stamped: only the claimant says that it is older than the suspect, and they could have been chosen by their answers."];
        }

        string root = binding.Root.Length == 0 ? ", whose root was not checked" : "";
        string part = binding.IsWhole ? "" : " in part only";
        string rest = binding.IsWhole ? "" : Say($"Of its {binding.Entries:N0} marked queries {binding.LeftOut:N0} are left out, as they were erased, their segments are gone, or their inputs are not known, and they could have been left out for their answers. ");
        string younger = binding.SuspectSince is { } since ? $"The suspect is known since {OwnershipFiles.TextOf(since)}, as who asked says." : "Whether the suspect is younger has to be known from elsewhere.";
        return [$"The queries are bound{part} to a list stamped at {OwnershipFiles.TextOf(stamped)} by {binding.Authority}{root}. {rest}{younger}"];
    }

    private static string Inconclusive(VerificationReport report, OwnershipTestResult[] holding, bool suffices)
    {
        if (holding.Length == 0)
        {
            OwnershipTestResult? open = report.Tests.FirstOrDefault(static test => test.Answers == 0 && test.Needed > 0);
            return open is null ? "Inconclusive: no test has answers that count and holds."
                : Say($"Inconclusive: too few answers. The {open.Name} test has none that count and needs {(open.Needed == CellPower.Never ? "other queries" : Say($"{open.Needed:N0} more"))}.");
        }

        int most = holding.Max(static test => test.Answers);
        if (report.CombinedPValue <= Copying && most < LeastAnswers)
        {
            return Say($"Inconclusive: too few answers. p = {VerificationWriter.PValue(report.CombinedPValue)} so far, but {most:N0} answers accuse nobody: {LeastAnswers - most:N0} more are needed.");
        }

        OwnershipTestResult? floor = Array.Find(holding, static test => test.Method == PValueMethod.RandomKeys && test.RandomKeys < LeastRandomKeys && test.PValue * (1 + test.RandomKeys) < 1.5);
        if (floor is not null)
        {
            return Say($"Inconclusive: in the {floor.Name} test the owner's key fits better than {floor.RandomKeys:N0} random keys, and so many cannot give a p-value below {1.0 / (1 + floor.RandomKeys):0.0e+0}; an accusation takes {Copying:0.0e+0}. Verify again with many more than {LeastRandomKeys:N0} random keys: no query has to be asked again.");
        }

        if (suffices)
        {
            return Say($"Inconclusive: p = {report.CombinedPValue:0.0e+0} lies between what chance explains ({Nothing}) and what an accusation takes ({Copying}). Ask more queries, chosen before they are asked.");
        }

        OwnershipTestResult nearest = holding.MinBy(static test => (double)test.Needed / Math.Max(1, test.Answers))!;
        if (nearest.Needed == CellPower.Never)
        {
            return Say($"Inconclusive: the queries at hand do not suffice (p = {VerificationWriter.PValue(report.CombinedPValue)} so far). {nearest.Note}");
        }

        return Say($"Inconclusive: too few answers. The {nearest.Name} test has {nearest.Answers:N0} that count and needs {nearest.Needed - nearest.Answers:N0} more (p = {VerificationWriter.PValue(report.CombinedPValue)} so far).");
    }

    private static List<string> Limits(VerificationReport report, OwnershipVerdict verdict, bool isKeyed)
    {
        List<string> limits =
        [
            "A verdict is about answers, not about people: it does not say who copied, when, or with whose leave. Which caller was given which marked answers is in the evidence list.",
            "A model that was trained lawfully on the same marked answers, bought, licensed or public, shows the same.",
            isKeyed ? "The p-value is the chance of such a fit for a key that marked nothing. It is not the chance that the suspect is innocent."
                : "The p-value is the chance of such a fit for one more independent model like the controls. It is not the chance that the suspect is innocent, and a model trained on the same rows, or better than the controls, fits more.",
            "It knows nothing of how queries, key and controls were chosen. Independent models err alike: queries that are kept where such models answer as the key picks, or a key that is searched for on them before it is committed to, make any model look copied. Controls of the suspect's own choice show that; a commitment alone does not.",
        ];
        if (report.Binding is { IsWhole: true })
        {
            limits.Add("The list is older than its stamp, so its queries were not chosen by the answers of a model that is younger. They may have been made up by the answers of other models that there were: controls of the suspect's own choice show that. A stamp that was picked among many is a choice, too: ask for the last one before the suspect.");
        }
        else if (verdict == OwnershipVerdict.ConsistentWithCopying)
        {
            limits.Add("The p-value holds for queries that were chosen without regard to the suspect's answers. Nothing here shows that they were: of queries that were picked after the suspect had answered, it says nothing. Have somebody else draw them, or compare them with a log or an evidence list that was stamped before.");
        }

        if (verdict != OwnershipVerdict.ConsistentWithCopying)
        {
            limits.Add("Finding nothing does not clear a model: strong regularisation, voting over near-duplicates, ensembles and further training weaken marks.");
        }

        if (report.Commitment.Length == 0)
        {
            limits.Add(!isKeyed ? "Nothing was committed to: whoever chooses the inputs of a fingerprint can choose those that incriminate."
                : "No commitment was opened: nothing shows that the key was chosen before the suspect was known, and a key can be searched for until it fits.");
        }
        else if (isKeyed)
        {
            limits.Add(report.OtherCommitments.Count == 0
                ? "A commitment covers one key, and no other was declared. Keys that were committed to or tried and not declared are not counted: with n of them p is n + 1 times as large."
                : Say($"A commitment covers one key; {(report.OtherCommitments.Count == 1 ? "1 other was declared, and p counts it" : Say($"{report.OtherCommitments.Count:N0} others were declared, and p counts them"))}. Keys that were committed to or tried and not declared are not counted."));
        }

        if (report.Controls.Count == 0)
        {
            limits.Add("No independent control models were tested beside the suspect; the calibration is by random keys alone.");
        }

        return limits;
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
