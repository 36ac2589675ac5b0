using System.Diagnostics;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>What a session tells its shield of calls and answers.</summary>
public sealed class SessionReportTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_call_that_is_answered_has_one_latency_from_a_cache_too_and_no_other_has(bool cached)
    {
        TimeProvider clock = new SlowTimeProvider();
        using TestSession session = TestSession.Of(
            TestModels.Logarithm(),
            OutputKind.Regression,
            configure: options => options.Admission.PerCaller = new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 9 },
            options: new ShieldedSessionOptions { AnswerCache = cached ? new AnswerCacheOptions { Megabytes = 1 } : null },
            clock: clock);
        float[] rows = [1, 2, 3, 4, 5, 6, 7, 8];
        float[] released = new float[8];
        Assert.Equal(default, session.Shield.GetLatency());
        session.Ask(rows, 8);
        Assert.Equal(1, session.Shield.GetLatency().Count);
        session.Ask(rows, 8);
        Assert.Equal(2, session.Shield.GetLatency().Count);
        using (ShieldedRequest request = session.Session.CreateRequest())
        {
            request.SetInput<float>(TestModels.Input, rows, [2, 4]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        }

        Assert.True((await session.Session.RunAsync(session.Caller, rows.AsMemory(0, 4), released.AsMemory(0, 4))).IsAdmitted);
        Assert.Equal(4, session.Shield.GetLatency().Count);
        Assert.Equal(cached ? 5 : 0, session.Session.GetAnswerCacheStatistics().Hits);

        // Two queries are left: a batch of three is refused, one is at fault, and a model's answer is.
        Assert.False(session.Session.Run(session.Caller, new float[12], new float[12]).IsAdmitted);
        Assert.Throws<InvalidQueryException>(() => session.Session.Run(default(CallerKey), rows, released));
        Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, [-1, 1, 1, 1], new float[4]));
        Assert.Equal(4, session.Shield.GetLatency().Count);

        // The answers of all seven rows are in the history, whichever way they came.
        AnswerStatistics answers = session.Shield.GetAnswers(HistoryWindow.Hour);
        Assert.Equal((7, 7.0), (answers.Values.Count, answers.Values.Weight));
        double first = new[] { 1.0, 2, 3, 4 }.Average(Math.Log);
        double second = new[] { 5.0, 6, 7, 8 }.Average(Math.Log);
        Assert.Equal(((4 * first) + (3 * second)) / 7, answers.Values.Mean, cached ? 0.01 : 1e-5);
    }

    [Fact]
    public void Short_calls_are_timed_one_in_sixteen_which_stands_for_sixteen()
    {
        // The clock stands still, so every call is short. The first is timed by itself.
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, clock: new ManualTimeProvider());
        float[] input = new float[8];
        float[] released = new float[10];
        for (int call = 1; call <= 100; call++)
        {
            session.Session.Run(session.Caller, input, released);
            Assert.Equal(1 + ((call - 1) / 16 * 16), session.Shield.GetLatency().Count);
        }
    }

    [Fact]
    public void A_latency_is_never_longer_than_the_call()
    {
        // Of each call the caller's own clock sees more than the session's, so the longest is not less.
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        long[] seen = new long[501];
        float[] input = new float[8];
        float[] released = new float[10];
        for (int i = 0; i < seen.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.True(session.Session.Run(session.Caller, input, released).IsAdmitted);
            seen[i] = (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        }

        Array.Sort(seen);
        LatencySnapshot latency = session.Shield.GetLatency();
        Assert.InRange(latency.Count, seen.Length - 15, seen.Length);
        Assert.InRange(latency.P50, 100, latency.P95);
        Assert.InRange(latency.Max, latency.P99, seen[^1] + 100);
    }

    [Theory]
    [InlineData(ShieldMode.Enforce)]
    [InlineData(ShieldMode.ObserveOnly)]
    public void Of_several_outputs_the_first_distribution_is_counted_once_for_each_row(ShieldMode mode)
    {
        using TestSession session = TestSession.Of(
            TestModels.Classifier(),
            [("embedding", OutputKind.Embedding), ("logits", OutputKind.Logits), ("probabilities", OutputKind.Probabilities)],
            options => options.Mode = mode);
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] input = [.. Enumerable.Range(0, 24).Select(i => (i % 5) - 2f)];
        request.SetInput<float>(TestModels.Input, input, [3, 8]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        AnswerStatistics answers = session.Shield.GetAnswers(HistoryWindow.Minute);
        Assert.Equal((3, 3.0, 1), (answers.Values.Count, answers.Labels.Total, session.Shield.GetLatency().Count));
        Assert.InRange(answers.Values.Mean, 0.1, 1);
    }

    [Fact]
    public void What_a_cache_gives_counts_with_its_released_score()
    {
        using TestSession session = TestSession.Of(
            TestModels.Linear(),
            OutputKind.Logits,
            hardening: new HardeningOptions { Release = Release.LabelOnly },
            options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } });
        float[] input = [0.125f, 0, 0, 0, 0, 0, 0, 0];
        float[] first = session.Ask(input, 10);
        double clean = session.Shield.GetAnswers(HistoryWindow.Hour).Values.Mean;
        Assert.InRange(clean, 0.05, 0.5);
        Assert.Equal(first, session.Ask(input, 10));
        AnswerStatistics answers = session.Shield.GetAnswers(HistoryWindow.Hour);
        Assert.Equal((2, 1), (answers.Values.Count, answers.LabelShares[Array.IndexOf(first, 1)]));
        Assert.Equal((clean + 1) / 2, answers.Values.Mean, 1e-4);
    }

    /// <summary>A clock that moves on by 20 microseconds with every look: no call is short.</summary>
    private sealed class SlowTimeProvider : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => Interlocked.Add(ref _now, 20_000);
    }
}
