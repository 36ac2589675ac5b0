namespace InferenceShield.Tests;

public sealed class DetectionReviewTests : IDisposable
{
    private const int Attackers = 15;

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Attackers_in_a_log_are_named_and_leaving_them_out_brings_detection_back()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        DetectionProfile profile = CalibrationCases.Profile();
        CallerHistory[] honest = CalibrationCases.Callers(585, stream: 41, longest: 80);
        CallerHistory[] attackers = CalibrationCases.Callers(Attackers, stream: 42, shift: 1.5f, longest: 80);
        Record([.. attackers, .. honest], profile, secret);
        DetectionLogReader log = DetectionLogReader.Open([_path], CalibrationCases.Model, secret);

        DetectionReview review = DetectionCalibration.Review(profile, log, seed: 5);
        HashSet<ulong> planted = [.. attackers.Select(caller => caller.Caller)];
        DetectionCalibration clean = DetectionCalibration.Fit(profile, log, seed: 5, planted);

        Assert.Equal(600, review.Callers);
        Assert.InRange(review.Alarmed.Count(caller => planted.Contains(caller.Pseudonym)), Attackers - 1, Attackers);
        Assert.InRange(review.Alarmed.Count, Attackers - 1, 60 + Attackers);
        Assert.All(review.Alarmed, caller =>
        {
            Assert.InRange(caller.Queries, 40, 80);
            Assert.InRange(caller.Verdict.Reasons.Count, 1, 3);
            Assert.True(caller.Verdict.Value > caller.Verdict.Threshold);
        });
        DetectionFamily[] families = [.. review.Alarmed.Select(caller => caller.Verdict.Family)];
        Assert.Equal(families.OrderByDescending(family => family == DetectionFamily.Output), families);
        Assert.Equal(585, clean.Callers);
        DetectionCalibration honestOnly = CalibrationFit.Fit(profile, honest, [], seed: 5);
        Assert.Equal(honestOnly.Thresholds!.Values, clean.Thresholds!.Values);
        Assert.DoesNotContain(DetectionCalibration.Review(profile, log, seed: 5, planted).Alarmed, caller => planted.Contains(caller.Pseudonym));
        Assert.Contains("Caller 0000000000000007 is", Assert.Throws<ArgumentException>(() => DetectionCalibration.Fit(profile, log, seed: 5, new HashSet<ulong> { 7 })).Message, StringComparison.Ordinal);
    }

    private void Record(CallerHistory[] callers, DetectionProfile profile, ShieldSecret secret)
    {
        using DetectionKey key = DetectionKey.Of(secret, CalibrationCases.Model);
        using FileStream stream = File.Create(_path);
        using DetectionLogWriter writer = new(stream, key, profile.Id, seconds: 0);
        foreach (CallerHistory caller in callers)
        {
            foreach (QuerySignals query in caller.Queries)
            {
                writer.Write(caller.Caller, 0, in query);
            }
        }

        writer.Complete();
    }
}
