using System.Globalization;
using System.Text;

namespace InferenceShield;

/// <summary>What released answers can carry beyond the label, in numbers.</summary>
/// <remarks>
/// <para>For an operator who tries a policy on answers of his own model before he releases it: the clean scores of some thousand
/// natural inputs, and what the policy makes of them. It tells what these answers leak to these attacks, not that no other attack
/// exists, and says nothing about training a copy on labels, which no release prevents.</para>
/// <para>Repeat it for your own model: how many decimals hide the width depends on how sure the model is of its answers. Of a
/// letter model trained to the end, 5 decimals hid it; of the same model trained for a third as long, shrunk inputs told it
/// through 5 decimals and 3 hid it (tests/InferenceShield.Statistics/results/posture-rank.csv).</para>
/// <para>Immutable. Holds counts and means, no answers.</para>
/// </remarks>
public sealed record LeakReport
{
    /// <summary>Below this ratio a gap behind a known width is none. A little above it may be the spectrum's own fall.</summary>
    public const double ClosedGap = 1.5;

    /// <summary>Above this ratio a gap is one wherever it is.</summary>
    public const double OpenGap = 10;

    private LeakReport()
    {
    }

    private const string ShrunkCheck = "rank, shrunk inputs";

    /// <summary>Answers that were audited.</summary>
    public int Answers { get; private init; }

    /// <summary>Numbers in each.</summary>
    public int Classes { get; private init; }

    /// <summary>Released answers that differ from each other.</summary>
    public int DistinctAnswers { get; private init; }

    /// <summary>Base-2 logarithm of <see cref="DistinctAnswers"/>: no answer carries more.</summary>
    public double MostBits => Math.Log2(DistinctAnswers);

    /// <summary>Empirical entropy of the released answers given their label, in bits: what an answer says beyond it. With as many
    /// distinct answers as there are, a lower bound.</summary>
    public double BitsBeyondLabel { get; private init; }

    /// <summary>The gap in the clean scores: what is there to be found.</summary>
    public RankGap CleanGap { get; private init; }

    /// <summary>The gap in the released answers: the larger of all of them and of the least saturated fifth.</summary>
    public RankGap ReleasedGap { get; private init; }

    /// <summary>The subset attack: the gap that is left when the label and the class that was raised are dropped, in answers
    /// and classes whose ratios the release kept to a thousandth; width 0 if it kept none.</summary>
    public RankGap SubsetGap { get; private init; }

    /// <summary>The shrunk-input attack: the gap in <see cref="LeakOptions.ShrunkReleased"/>; null if there were none.</summary>
    public RankGap? ShrunkGap { get; private init; }

    /// <summary>Mean L1 distance of the released answers from the clean ones, as they are.</summary>
    public double ReleasedDistance { get; private init; }

    /// <summary>Mean L1 distance from the clean answers of what an attacker makes of the released ones who knows the algorithm and
    /// not the key: the mean clean answer of the nearest of his own released answers.</summary>
    public double ReconstructedDistance { get; private init; }

    /// <summary>The same for an attacker who gets labels only.</summary>
    public double LabelOnlyDistance { get; private init; }

    /// <summary>What each check says, in plain words.</summary>
    public IReadOnlyList<LeakFinding> Findings { get; private init; } = [];

    /// <summary>Audits answers in double precision.</summary>
    /// <param name="clean">The model's scores, row after row: at least twice as many rows as classes, some thousand for numbers that hold.</param>
    /// <param name="released">What is released of them: as long, distributions.</param>
    /// <param name="classes">The numbers in a row, 2 to 1,024.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <remarks>Thread-safe. Cost: some singular value decompositions (rows x classes^2, then about ten times classes^3) and the
    /// comparison of 3,000 answers with 3,000: below a second for 5,000 rows of 26 classes, minutes for 1,024 classes.</remarks>
    /// <exception cref="ArgumentException">Lengths that do not fit, too few rows, or a row that is no distribution: says which.</exception>
    public static LeakReport Analyze(ReadOnlySpan<double> clean, ReadOnlySpan<double> released, int classes, LeakOptions? options = null)
    {
        options ??= new LeakOptions();
        if (options.Kind is not (OutputKind.Probabilities or OutputKind.Logits))
        {
            throw new ArgumentException($"Kind: {options.Kind} has no classes; Probabilities and Logits can be audited.", nameof(options));
        }

        LeakAnswers before = LeakAnswers.Of(clean, classes, options.Kind, nameof(clean));
        LeakAnswers after = LeakAnswers.Of(released, classes, OutputKind.Probabilities, nameof(released));
        if (before.Rows != after.Rows)
        {
            throw new ArgumentException($"There are {before.Rows} clean answers and {after.Rows} released ones.", nameof(released));
        }

        if (options.HiddenWidth is { } width && (width < 1 || width > classes - 2))
        {
            throw new ArgumentException($"HiddenWidth: {width} is not 1 to {classes - 2}; a wider layer leaves no gap in {classes} classes.", nameof(options));
        }

        LeakAnswers? shrunk = options.ShrunkReleased.IsEmpty
            ? null
            : LeakAnswers.Of(options.ShrunkReleased.Span, classes, OutputKind.Probabilities, nameof(LeakOptions.ShrunkReleased));
        return Analyze(before, after, shrunk, options.HiddenWidth);
    }

    /// <summary>Audits answers as they leave a shield, in single precision.</summary>
    /// <param name="clean">As for the other overload.</param>
    /// <param name="released">As for the other overload.</param>
    /// <param name="classes">As for the other overload.</param>
    /// <param name="options">As for the other overload.</param>
    /// <exception cref="ArgumentException">As for the other overload.</exception>
    public static LeakReport Analyze(ReadOnlySpan<float> clean, ReadOnlySpan<float> released, int classes, LeakOptions? options = null) =>
        Analyze(ToDouble(clean), ToDouble(released), classes, options);

    /// <summary>The numbers and the verdicts, a line each.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"Leak report: {Answers} answers of {Classes} classes").Append('\n');
        foreach (LeakFinding finding in Findings)
        {
            bool isUntried = finding.Check == ShrunkCheck && ShrunkGap is null;
            text.Append(finding.Leaks ? "LEAKS  " : isUntried ? "-      " : "ok     ").Append(finding.Check).Append(": ").Append(finding.Verdict).Append('\n');
        }

        return text.ToString();
    }

    private static LeakReport Analyze(LeakAnswers clean, LeakAnswers released, LeakAnswers? shrunk, int? width)
    {
        int[] counts = [.. released.Group(Enumerable.Range(0, released.Rows)).Select(group => group.Count)];
        int[] labels = [.. Enumerable.Range(0, released.Rows).GroupBy(row => LeakAnswers.Top(released[row])).Select(label => label.Count())];
        (double asReleased, double reconstructed, double labelOnly) = InversionAttack.Measure(clean, released);
        LeakReport report = new()
        {
            Answers = released.Rows,
            Classes = released.Classes,
            DistinctAnswers = counts.Length,
            BitsBeyondLabel = Math.Max(0, Entropy(counts) - Entropy(labels)),
            CleanGap = RankAttack.Find(clean, width),
            ReleasedGap = RankAttack.Find(released, width),
            SubsetGap = RankAttack.FindInSubset(clean, released, width),
            ShrunkGap = shrunk is null ? null : RankAttack.Find(shrunk, width),
            ReleasedDistance = asReleased,
            ReconstructedDistance = reconstructed,
            LabelOnlyDistance = labelOnly,
        };
        return report with { Findings = report.Judge(width is not null) };
    }

    private static double Entropy(int[] counts)
    {
        double total = counts.Sum();
        return counts.Sum(count => -count / total * Math.Log2(count / total));
    }

    private static double[] ToDouble(ReadOnlySpan<float> values)
    {
        double[] converted = new double[values.Length];
        for (int i = 0; i < converted.Length; i++)
        {
            converted[i] = values[i];
        }

        return converted;
    }

    private LeakFinding[] Judge(bool knowsWidth)
    {
        bool unique = 2 * DistinctAnswers > Answers;
        double best = Math.Min(ReleasedDistance, ReconstructedDistance);
        double open = knowsWidth ? ClosedGap : OpenGap; // among the few classes of a subset spectra fall faster by themselves
        return
        [
            new("distinct answers", unique, Say($"{DistinctAnswers} of {Answers} answers differ, {BitsBeyondLabel:F1} bits beyond the label and at most {MostBits:F1} in all; {(unique ? "most inputs have an answer of their own, so answers carry what is not meant to be told: round, or release bands" : "inputs share answers")}.")),
            JudgeGap("rank", ReleasedGap, open),
            JudgeGap("rank, subset attack", SubsetGap, OpenGap),
            ShrunkGap is { } shrunk ? JudgeGap(ShrunkCheck, shrunk, open) : new(ShrunkCheck, false, "not tried: give LeakOptions.ShrunkReleased."),
            new("inversion", best < 0.5 * LabelOnlyDistance, Say($"an attacker who knows the algorithm comes within {best:F3} of the clean answer in L1 (as released {ReleasedDistance:F3}, reconstructed {ReconstructedDistance:F3}); labels alone give {LabelOnlyDistance:F3}. {(best < 0.5 * LabelOnlyDistance ? "The scores are given away, as a policy that releases scores means to" : "Little more than labels is given away")}.")),
        ];
    }

    private LeakFinding JudgeGap(string check, RankGap gap, double open)
    {
        bool leaks = gap.Ratio >= open;
        string verdict = gap.Width == 0 ? "too few distinct answers or unaltered classes to look for a hidden width, so none is told."
            : leaks ? Say($"a gap of {gap} tells a hidden width of {gap.Width}; the clean scores have {CleanGap}. Round after everything else, to fewer decimals if it is rounded already.")
            : Say($"no gap: {gap}; the clean scores have {CleanGap}.");
        return new LeakFinding(check, leaks, verdict);
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
