using System.Globalization;
using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>Recomputes what a report says from the numbers recorded beside it.</summary>
internal static class DossierArithmetic
{
    private const double Tolerance = 1e-9;
    private const string Part = "arithmetic";

    /// <summary>Without the mark key: p-values from counts, calibration from random keys that anybody can make, combination and verdict.</summary>
    public static IEnumerable<DossierFinding> Check(IReadOnlyList<VerificationReport> reports, VerificationRecord[] records)
    {
        foreach (VerificationReport report in reports)
        {
            VerificationRecord? record = records.FirstOrDefault(record => record.Suspect == report.Suspect);
            foreach (OwnershipTestResult test in report.Tests)
            {
                RecordedTest? recorded = record?.Tests.FirstOrDefault(recorded => recorded.Test == test.Name);
                yield return recorded is null
                    ? new DossierFinding(Part, DossierFindingKind.NotChecked, $"{report.Suspect}, {test.Name}: nothing is recorded that its p-value could be recomputed from; verify the suspect again.")
                    : Judge($"{report.Suspect}, {test.Name}", CheckTest(test, recorded, report.Seed));
            }
        }

        yield return Judge("combined p-values and verdicts", CheckVerdicts([.. reports.Select(report => report with { Record = records.FirstOrDefault(record => record.Suspect == report.Suspect) })]));
    }

    /// <summary>With the mark key: that the bits recorded are those that the key picks.</summary>
    public static IEnumerable<DossierFinding> CheckPicks(VerificationRecord[] records, MarkKey key)
    {
        foreach ((VerificationRecord record, RecordedTest test) in records.SelectMany(static record => record.Tests.Select(test => (record, test))))
        {
            string name = $"{record.Suspect}, {test.Test}";
            yield return test is { Test: "near-tie", Cells: not null, Picks: not null }
                ? Judge(name, PicksOf(test, key.NearTies) == test.Picks ? null : "the bits recorded are not those that the mark key picks", "bits", "the mark key picks the bits that are recorded")
                : new DossierFinding("bits", DossierFindingKind.NotChecked, $"{name}: follows from inputs and scores, which are not in a dossier; verify the suspect again with the mark key.");
        }
    }

    /// <summary>The p-values of a recorded near-tie test under random keys; empty for other tests.</summary>
    public static double[] RandomPValues(RecordedTest test, ulong seed, int keys)
    {
        if (test is not { Test: "near-tie", Cells: not null, Suspect: { } counts })
        {
            return [];
        }

        SignSample sample = new(counts.First, counts.Second);
        double[] values = new double[keys];
        for (int i = 0; i < keys; i++)
        {
            using MarkKey key = RandomKeys.GetMarkKey(seed, i);
            values[i] = sample.Test(BitsOf(PicksOf(test, key.NearTies))).PValue;
        }

        return values;
    }

    private static string? CheckTest(OwnershipTestResult test, RecordedTest recorded, ulong seed) =>
        recorded.Own is { } own && recorded.Random is { } random ? CheckRank(test, own, random)
        : recorded.Labels is { } labels ? CheckLabels(test, labels, recorded.ControlLabels)
        : CheckSigns(test, recorded, seed);

    private static string? CheckLabels(OwnershipTestResult test, LabelCounts labels, LabelCounts[] controls) =>
        labels.Answered != test.Answers ? Say($"the report says {test.Answers} answers, the counts give {labels.Answered}")
        : controls.Length != test.ControlPValues.Count ? Say($"the report has {test.ControlPValues.Count} controls, the record {controls.Length}")
        : Differ("p", test.PValue, PValueOf(labels)) ?? controls.Select((control, i) => Differ(Say($"p of control {i + 1}"), test.ControlPValues[i], PValueOf(control))).FirstOrDefault(static wrong => wrong is not null);

    private static double PValueOf(LabelCounts labels) => labels.Answered == 0 ? double.NaN : new LabelSum(labels.Groups, labels.Choices).Upper(labels.Matches);

    private static string? CheckSigns(OwnershipTestResult test, RecordedTest recorded, ulong seed)
    {
        bool[] bits = BitsOf(recorded.Picks!);
        TestOutcome outcome = new SignSample(recorded.Suspect!.First, recorded.Suspect.Second).Test(bits);
        if (outcome.Answers != test.Answers)
        {
            return Say($"the report says {test.Answers} answers, the counts give {outcome.Answers}");
        }

        if (Differ("p", test.PValue, outcome.PValue) is { } wrong)
        {
            return wrong;
        }

        if (recorded.Controls.Length != test.ControlPValues.Count)
        {
            return Say($"the report has {test.ControlPValues.Count} controls, the record {recorded.Controls.Length}");
        }

        for (int i = 0; i < recorded.Controls.Length; i++)
        {
            double control = new SignSample(recorded.Controls[i].First, recorded.Controls[i].Second).Test(bits).PValue;
            if (Differ($"p of control {i + 1}", test.ControlPValues[i], control) is { } other)
            {
                return other;
            }
        }

        if (test.RandomKeys is < KeyCalibration.FewestKeys or > KeyCalibration.MostKeys)
        {
            return Say($"the report says {test.RandomKeys} random keys; a verification has {KeyCalibration.FewestKeys} to {KeyCalibration.MostKeys}");
        }

        if (test.Answers == 0 || RandomPValues(recorded, seed, test.RandomKeys) is not { Length: > 0 } values)
        {
            return null;
        }

        return Differ("share of random keys", test.RandomKeyShare, values.Count(static value => value < KeyCalibration.Level) / (double)values.Length);
    }

    private static string? CheckRank(OwnershipTestResult test, double own, double[] random)
    {
        double mean = random.Average();
        double deviation = Math.Sqrt(random.Average(value => Math.Pow(value - mean, 2)));
        return test.Answers == 0 ? (double.IsNaN(test.PValue) ? null : Say($"the report says p = {test.PValue:R} of no answers"))
            : test.RandomKeys != random.Length
            ? Say($"the report says {test.RandomKeys} random keys, {random.Length} are recorded")
            : Differ("p", test.PValue, (1.0 + random.Count(value => value >= own)) / (1 + random.Length))
            ?? Differ("z", test.Statistic, deviation > 0 ? (own - mean) / deviation : 0)
            ?? Differ("share of random keys", test.RandomKeyShare, KeyCalibration.ShareOf(random));
    }

    private static string? CheckVerdicts(IReadOnlyList<VerificationReport> reports)
    {
        double[] combined = [.. reports.Select(static report => Combination.Of(report).PValue)];
        double[] adjusted = Combination.Holm(combined);
        for (int i = 0; i < reports.Count; i++)
        {
            VerificationReport expected = VerdictRules.Apply(reports[i] with { CombinedPValue = adjusted[i] });
            if (Differ($"combined p of {reports[i].Suspect}", reports[i].CombinedPValue, adjusted[i]) is { } wrong)
            {
                return wrong;
            }

            if (expected.Verdict != reports[i].Verdict)
            {
                return Say($"the report says {reports[i].Verdict} of {reports[i].Suspect}, the rules give {expected.Verdict}");
            }

            if (VerdictRules.Apply(reports[i]).Words != reports[i].Words)
            {
                return $"the report on {reports[i].Suspect} says its verdict in other words than the rules do";
            }

            if (!expected.Limits.All(reports[i].Limits.Contains))
            {
                return $"the report on {reports[i].Suspect} leaves out what it does not prove";
            }
        }

        return null;
    }

    private static string PicksOf(RecordedTest test, SipHashKey key) => string.Create(test.Cells!.Length, (test, key), static (picks, state) =>
    {
        for (int i = 0; i < picks.Length; i++)
        {
            int[] cell = state.test.Cells![i];
            NearTie tie = new(cell[0], cell[1], cell[2]);
            int picked = state.test.Inputs is { } inputs ? NearTieMark.Pick(state.key, tie, ParseDigest(inputs[i])) : NearTieMark.Pick(state.key, tie);
            picks[i] = picked == tie.Lower ? '1' : '0';
        }
    });

    private static Hash128 ParseDigest(string text) => new(
        Low: ulong.Parse(text.AsSpan(16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        High: ulong.Parse(text.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    private static bool[] BitsOf(string picks) => [.. picks.Select(static pick => pick == '1')];

    private static string? Differ(string what, double said, double found) =>
        double.IsNaN(said) && double.IsNaN(found) || said == found || (double.IsFinite(said) && Math.Abs(said - found) <= Tolerance * Math.Max(Math.Abs(said), Math.Abs(found))) ? null : Say($"the report says {what} = {said:R}, recomputed it is {found:R}");

    private static DossierFinding Judge(string name, string? wrong, string part = Part, string holds = "recomputed from what is recorded, and the same") => wrong is null
        ? new DossierFinding(part, DossierFindingKind.Holds, $"{name}: {holds}.")
        : new DossierFinding(part, DossierFindingKind.Fails, $"{name}: {wrong}.");

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
