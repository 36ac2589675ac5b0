using System.Globalization;

namespace InferenceShield.Statistics.Detection;

/// <summary>What docs/detection.md says besides its tables.</summary>
internal static class DetectionText
{
    public static string Head(DetectionFigures figures) => string.Create(CultureInfo.InvariantCulture, $"""
        # What detection notices, and what it does not

        <!-- Made by `detection page` from tests/InferenceShield.Statistics/results/detection*.csv; edit DetectionText.cs, not this file. -->

        **Not detectable:**

        1. A thief who asks what honest callers ask: his own photographs, an honest mix of labels. He was alarmed in {100 * figures.ShareAlarmed("knockoff", "0"):0} % of 20 streams of 4,000 queries, and a test of what is asked and answered cannot tell him from a customer. His copy is as good as any.
        2. Most thieves who hide one query in five, or in twenty, among honest ones: see the columns of 80 and 95 % padding. Those who walk around single inputs (lines, boundaries, grids) are found even then.
        3. Most thieves who pick their own photographs by active learning: {100 * figures.ShareAlarmed("active", "0"):0} % of the streams were alarmed.
        4. Thieves who know the algorithm and mix honest rows lightly, keep their means, or calibrate for themselves: below. They gain cover, not a better copy.

        **Alarmed without being thieves:** honest callers whose inputs differ from all that was calibrated raise Full alarms: {figures.Share("honest", "unseen shift", "0", "full")} of those with shifted images, {figures.Share("honest", "unseen shift", "0", "output without near-duplicates")} by their answers alone. An alarm means "differs from calibrated traffic" and says in what; it does not mean "attacker".

        **What remains for the undetectable is the budget**: the leak odometer, limits and quotas. What limits leave to a thief is measured below: little time, and not a bad copy.

        ## How it works

        Each query is measured in one pass: five numbers of its clean answer, seven of its input, a keyed SimHash and an exact keyed digest; no input is kept. A caller's statistics are the distance of its mean vector from honest callers' mean vectors after as many queries (over all queries, and over about the last 32 and 256), near-duplicates of its last 64 queries, and runs of outliers. An alarm is a statistic's *lifetime maximum* above its quantile over honest *callers*, with the union over statistics held to .8 of the promise. Two families are told apart: **Output** (answers and near-duplicates; strong evidence where honest inputs change and answers do not) and **Full** (everything; for review). The design and its prototype's figures are those of the project's own study; the formulas are in the sources' comments.

        Fashion-MNIST: a convolutional network trained on 30,000 images; 4,000 honest callers to calibrate, 4,000 others to test, with disjoint images: 200 to 5,000 queries, tilted label mixes, bursts, cameras of their own (brightness, blur, noise, shift), repeats. 13 attacks, 20 streams each, against unshielded answers. Digits and textures are foreign natural pools.

        """);

    public const string Poisoned = """

        A share of attackers in the log hides attacks like theirs. Trimming without looking costs false alarms and is not the default. What helps is to look: `inference-shield calibrate --log` fits a second time with a tenth trimmed and lists the callers that differ; leave out those that are no customers (`--leave-out`) and fit again. "Reviewed" is that, done without mistakes; "all listed dropped" is that, done without looking.

        """;

    public const string Silence = """

        ## What time tells

        100,000 calls in a seeded order of postures, one thread, delays off: the time of a call against a Normal caller's, in share of a call, and the p of ranks. "Normal again" is a second Normal caller: what differs there is the machine. Equal work hardens each row as in every posture and is on with a calibration, for rows of up to 4,096 numbers; wider rows are hardened once, and their time tells the posture to who can measure microseconds.

        | call | equal work | posture | difference, % | p |
        |---|---|---|---|---|

        """;

    public const string Tail = """

        ## Use

        1. `inference-shield calibrate MODEL --benign FILE --secret-env NAME` learns how queries are measured, and the cold start.
        2. Serve with `Detection:CalibrationFile` and `Detection:RecordTo`, and with `Postures:Mode` `Observe`. What the log holds: [detection-log.md](detection-log.md).
        3. After some weeks, `inference-shield calibrate --log FILE --profile MODEL.detection ...`: 250 callers for a promise of 1 %, 1,998 for .1 %. Fewer: alarms are advisory.
        4. Look at what `Shield.Detection` and the events report; then `Postures:Mode` `Act`. Guarded and Restricted change how fine answers are, after a keyed delay, and nothing else that a caller can see. Granularity itself can be seen by whoever compares answers: the tables above say what that gains him.
        5. Watch `Shield.Detection.Drift`. Calibrate anew when customers change.

        Run again: `dotnet run --project tests/InferenceShield.Statistics -c Release -- detection` (and `detection letters`, `detection adaptive letters`, `detection adaptive fashion`, `detection poisoned`, `detection page`). Fashion-MNIST's full data are needed (Debian: dataset-fashion-mnist).

        """;
}
