namespace InferenceShield.Tests.Detection.Events;

/// <summary>Events for tests.</summary>
internal static class Samples
{
    public static CallerKey Caller(int number) => new(((ulong)number + 1) << 32, (ulong)number + 7);

    public static ShieldEvent Alarm(int caller, DetectionFamily family = DetectionFamily.Full, DetectionLevel level = DetectionLevel.Promise) => new()
    {
        Kind = ShieldEventKind.Alarm,
        Model = "model",
        At = new DateTimeOffset(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero),
        Caller = Caller(caller),
        Reason = "many near-duplicates",
        Verdict = new DetectionVerdict
        {
            Family = family,
            Level = level,
            Statistic = DetectionStatistic.NearDuplicates,
            Queries = 45,
            Value = 3.25,
            Threshold = double.PositiveInfinity,
            Promise = double.NaN,
            IsExtrapolated = true,
            IsAdvisory = false,
            Epoch = 2,
            Reasons = ["one", "two"],
        },
    };

    public static ShieldEvent Changed(int caller, Posture from, Posture to, bool acted = true) => new()
    {
        Kind = ShieldEventKind.PostureChanged,
        Model = "model",
        At = DateTimeOffset.UnixEpoch,
        Caller = Caller(caller),
        From = from,
        To = to,
        Acted = acted,
        Reason = "an alarm",
    };

    public static ShieldEvent Campaign(long id, int size) => new()
    {
        Kind = ShieldEventKind.Campaign,
        Model = "model",
        At = DateTimeOffset.UnixEpoch,
        Reason = "they resemble each other",
        Campaign = new CampaignReport
        {
            Id = id, Callers = [Caller(1), Caller(2)], Size = size, Threshold = 3, Queries = 45, Odometer = .5, TotalQueries = 900, Reason = "they resemble each other",
        },
    };

    public static ShieldEvent Odometer(int caller, double odometer) => new()
    {
        Kind = ShieldEventKind.Odometer, Model = "model", At = DateTimeOffset.UnixEpoch, Caller = Caller(caller), Odometer = odometer, Reason = "covered",
    };
}
