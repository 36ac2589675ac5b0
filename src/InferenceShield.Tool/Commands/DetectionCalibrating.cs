using System.Globalization;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>What <c>calibrate</c> learns for detection: first of benign inputs alone, then of a log of honest callers.</summary>
internal static class DetectionCalibrating
{
    private const int MostProxies = 10_000;
    private const ulong ProxySeed = 1;

    /// <summary>Lives shorter than this are told of: a busy customer lives through several of them.</summary>
    private const int ShortLifetime = 1_000;

    private const int BusyCustomer = 5_000;

    /// <summary>How to begin with settings that name a calibration.</summary>
    public const string FirstObserve = "Mode Observe only says which postures callers would get. Look at the events and at Shield.Detection for some days, then change it to Act.";

    /// <summary>A calibration without callers: how queries are measured, the cold start, the odometer.</summary>
    /// <param name="target">The model.</param>
    /// <param name="rows">Benign inputs.</param>
    /// <param name="answers">Its probabilities for them.</param>
    /// <param name="kind">What its output holds.</param>
    /// <param name="inputKind">Image or Tabular.</param>
    /// <param name="name">The model's, in its shield.</param>
    /// <param name="secret">The shield's.</param>
    public static DetectionCalibration OfRows(OnnxClassifier target, Dataset rows, float[] answers, OutputKind kind, InputKind inputKind, string name, ShieldSecret secret)
    {
        try
        {
            DetectionProfile profile = DetectionProfile.Learn(secret, name, inputKind, kind, rows.Values.Span, rows.Width, ScoresOf(answers, kind), target.ClassCount);
            return CalibrationFit.FitRows(profile, Measure(profile, rows.Values.Span, answers, kind), MeasureProxies(profile, target, rows));
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception); // the library's own words for rows that it cannot learn of
        }
    }

    /// <summary>A calibration of a log of honest callers.</summary>
    /// <param name="start">The calibration under which the log was recorded.</param>
    /// <param name="log">Opened.</param>
    /// <param name="target">The model, for proxies of attacks; null for none.</param>
    /// <param name="rows">Benign inputs, with the model.</param>
    /// <param name="trimmed">Share of attackers that there may be among the callers.</param>
    /// <param name="leaveOut">Pseudonyms of callers that are no honest ones.</param>
    /// <returns>The calibration, and the callers that are to be looked at before it is trusted.</returns>
    public static (DetectionCalibration Calibration, DetectionReview Review) OfLog(
        DetectionCalibration start, DetectionLogReader log, OnnxClassifier? target, Dataset? rows, double trimmed, IReadOnlySet<ulong> leaveOut)
    {
        log.RequireProfile(start.Profile.Id);
        if (target is not null && (rows!.Width != start.Profile.InputLength || target.ClassCount != start.Profile.Classes))
        {
            throw new MistakeException(
                $"The model and its inputs have {rows.Width} numbers and {target.ClassCount} classes, the profile {start.Profile.InputLength} and {start.Profile.Classes}. Give those that the profile was learned of.");
        }

        CallerHistory[] callers;
        try
        {
            callers = log.ReadCallers(leaveOut);
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception); // the library's own words for a caller that is not there
        }

        QuerySignals[] proxies = target is null ? [] : MeasureProxies(start.Profile, target, rows!);
        return (CalibrationFit.Fit(start.Profile, callers, proxies, seed: 0, trimmed), ReviewFit.Review(start.Profile, callers, proxies, seed: 0));
    }

    /// <summary>Refuses a calibration that cannot keep a promise.</summary>
    public static void RequirePromise(DetectionCalibration calibration, double promise)
    {
        int level = Array.IndexOf(ThresholdFit.Promises, promise);
        if (level < 0)
        {
            throw new MistakeException(FormattableString.Invariant($"--promise {promise}: allowed are {string.Join(" and ", ThresholdFit.Promises.Select(share => share.ToString(CultureInfo.InvariantCulture)))}."));
        }

        if (calibration.Thresholds is null || double.IsNaN(calibration.Thresholds.Promises[level]))
        {
            throw new MistakeException(Unpromised(calibration, promise) + " Nothing was written.");
        }
    }

    /// <summary>Writes the file in one step, so that a shield never reads half of it.</summary>
    public static string Save(DetectionCalibration calibration, string directory, string name, ShieldSecret secret)
    {
        string path = Path.Combine(directory, name + ".detection");
        using (FileStream stream = File.Create(path + ".new"))
        {
            calibration.Save(stream, name, secret);
        }

        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    /// <summary>What a calibration of a log can do, in words.</summary>
    public static string Describe(DetectionCalibration calibration, DetectionLogReader log)
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"Calibrated to {calibration.Callers:N0} honest callers; the log has {log.Callers:N0} with {log.Queries:N0} queries, the longest life {log.LongestLife:N0}.");
        if (log.UnfinishedFiles > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {log.UnfinishedFiles} files have no end: still written, or the process died; up to {DetectionLogFormat.MostBlockRecords} queries of each are missing.");
        }

        if (log.BackwardTimes > 0)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {log.BackwardTimes:N0} queries lie before the one before them: a clock went back, or files are in another order.");
        }

        if (calibration.IsAdvisory)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"Advisory: nothing is promised with fewer than {DetectionCalibration.FewestCallers} callers. Near-duplicates, the cold start and the odometer work.");
        }
        else
        {
            foreach (DetectionFamily family in Enum.GetValues<DetectionFamily>())
            {
                foreach (DetectionLevel level in Enum.GetValues<DetectionLevel>())
                {
                    int place = ((int)family * 2) + (int)level;
                    double promise = ThresholdFit.Promises[(int)level];
                    text.AppendLine(
                        double.IsNaN(calibration.Thresholds!.Promises[place])
                            ? Unpromised(calibration, promise)
                            : string.Create(
                                CultureInfo.InvariantCulture,
                                $"{family}: of honest callers at most one in {1 / promise:N0} is alarmed in {calibration.Baseline!.Lifetime:N0} queries{(calibration.Thresholds.Extrapolated[place] ? "; extrapolated beyond what these callers show" : "")}."));
                }
            }

            if (calibration.Baseline!.Lifetime < ShortLifetime)
            {
                int epochs = (BusyCustomer + calibration.Baseline.Lifetime - 1) / calibration.Baseline.Lifetime;
                text.AppendLine(CultureInfo.InvariantCulture, $"A promise is for each epoch of {calibration.Baseline.Lifetime:N0} queries: a customer of {BusyCustomer:N0} queries lives through {epochs:N0} of them, each with that chance of an alarm. Longer lives in the log make longer epochs.");
            }
        }

        text.AppendLine(DescribeLinking(calibration));
        SignalScalar[] dropped = [.. Enum.GetValues<SignalScalar>().Where(scalar => !calibration.Tables.Active[(int)scalar])];
        text.AppendLine(dropped.Length == 0
            ? "All twelve scalars say something."
            : $"Left out, because they are always the same: {string.Join(", ", dropped)}.");
        text.Append(calibration.Outliers is { IsTrained: true }
            ? "Outliers are judged by distance, and by what tells proxies of attacks from benign inputs."
            : "Outliers are judged by distance only; with MODEL and --benign also by what tells proxies of attacks from benign inputs.");
        return text.ToString();
    }

    /// <summary>Queries at which callers can be linked to campaigns.</summary>
    public static int[] LinkedAt(DetectionCalibration calibration) =>
        [.. LinkingBaseline.Queries.Where((_, at) => calibration.Linking?.Vectors[at] is not null)];

    private static string DescribeLinking(DetectionCalibration calibration)
    {
        int[] linked = LinkedAt(calibration);
        int[] missing = [.. LinkingBaseline.Queries.Except(linked)];
        string text = linked.Length == 0 ? "Callers are not linked by what they ask." : $"Callers are linked by what they ask at {Join(linked)} queries.";
        return missing.Length == 0
            ? text
            : string.Create(CultureInfo.InvariantCulture, $"{text} Not at {Join(missing)}: too few honest callers asked as many. It takes {LinkingBaseline.FewestCallers} besides those that the whitening is fitted to.");
    }

    private static string Join(int[] numbers) => string.Join(", ", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    private static string Unpromised(DetectionCalibration calibration, double promise) => string.Create(
        CultureInfo.InvariantCulture,
        $"One honest caller in {1 / promise:N0} cannot be promised: it takes {Math.Max(ThresholdFit.FewestCallersFor(promise), DetectionCalibration.FewestCallers / 2):N0} callers that only thresholds are made of, here are {CalibrationFit.HeldCallers(calibration.Callers):N0}. Record more callers.");

    private static QuerySignals[] MeasureProxies(DetectionProfile profile, OnnxClassifier target, Dataset rows)
    {
        if (profile.InputLength == 0)
        {
            return [];
        }

        float[] proxies = SyntheticProxies.Make(profile.InputKind, rows.Values.Span, rows.Width, Math.Min(rows.Count, MostProxies), ProxySeed);
        float[] answers = new float[proxies.Length / rows.Width * target.ClassCount];
        target.Classify(proxies, answers);
        return Measure(profile, proxies, answers, target.Kind);
    }

    private static QuerySignals[] Measure(DetectionProfile profile, ReadOnlySpan<float> inputs, float[] answers, OutputKind kind)
    {
        float[] scores = ScoresOf(answers, kind);
        int classes = profile.Classes;
        QuerySignals[] signals = new QuerySignals[scores.Length / classes];
        for (int row = 0; row < signals.Length; row++)
        {
            profile.Measure(inputs.Slice(row * profile.InputLength, profile.InputLength), scores.AsSpan(row * classes, classes), (ulong)row + 1, ref signals[row]);
        }

        return signals;
    }

    /// <summary>The classifier gives probabilities whatever the output holds; their logarithms are logits, but for a constant that nothing depends on.</summary>
    private static float[] ScoresOf(float[] answers, OutputKind kind) =>
        kind == OutputKind.Logits ? Array.ConvertAll(answers, answer => MathF.Log(Math.Max(answer, 1e-30f))) : answers;
}
