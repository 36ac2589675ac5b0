namespace InferenceShield;

/// <summary>Finds the callers of a log that are likely attackers: fits with so many expected, and looks at whom that alarms.</summary>
internal static class ReviewFit
{
    /// <summary>The share of attackers expected. More than there are: attackers who are not trimmed hide each other.</summary>
    private const double Trimmed = .1;

    /// <inheritdoc cref="DetectionCalibration.Review"/>
    public static DetectionReview Review(DetectionProfile profile, IReadOnlyList<CallerHistory> callers, ReadOnlySpan<QuerySignals> proxies, ulong seed)
    {
        DetectionCalibration suspicious = CalibrationFit.Fit(profile, callers, proxies, seed, Trimmed);
        ReviewedCaller?[] alarmed = new ReviewedCaller?[callers.Count];
        Parallel.For(0, callers.Count, place =>
        {
            CallerMonitor monitor = new(suspicious);
            foreach (ref readonly QuerySignals query in callers[place].Queries.AsSpan())
            {
                monitor.Observe(in query);
            }

            DetectionVerdict? verdict = monitor.Verdicts.Where(one => one.Level == DetectionLevel.Promise).MaxBy(one => one.Family == DetectionFamily.Output);
            alarmed[place] = verdict is null ? null : new ReviewedCaller(callers[place].Caller, callers[place].Queries.Length, verdict);
        });
        return new DetectionReview(
            suspicious.Callers,
            [.. alarmed.OfType<ReviewedCaller>()
                .OrderByDescending(caller => caller.Verdict.Family == DetectionFamily.Output)
                .ThenByDescending(caller => caller.Verdict.Value / caller.Verdict.Threshold)
                .ThenBy(caller => caller.Pseudonym)]);
    }
}
