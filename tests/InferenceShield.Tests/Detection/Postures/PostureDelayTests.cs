using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class PostureDelayTests
{
    private static readonly PostureDelay s_delay = new(PostureBench.DelayKey);

    [Fact]
    public void Delays_are_uniform_over_callers_epochs_and_alarms_ends_included()
    {
        const int Most = 64;
        const int Draws = 65_000;
        int[] queries = new int[Most + 1];
        int[] times = new int[10];
        for (int i = 0; i < Draws; i++)
        {
            (int count, long time) = s_delay.Of(new CallerKey((ulong)(i / 65) + 2, 99), i % 5, (ulong)(i % 13), Most, 999_999);
            queries[count]++;
            times[time / 100_000]++;
        }

        Assert.InRange(ChiSquare(queries, Draws), 30, 110); // 64 degrees of freedom: 1e-4 on each side is beyond these
        Assert.InRange(ChiSquare(times, Draws), .8, 35); // 9 degrees
    }

    [Fact]
    public void A_delay_is_a_function_of_key_caller_epoch_and_alarm()
    {
        CallerKey one = new(12, 34);
        CallerKey two = new(13, 34);
        (int, long)[] drawn =
        [
            Draw(s_delay, one, 0, 1), Draw(s_delay, two, 0, 1), Draw(s_delay, one, 1, 1), Draw(s_delay, one, 0, 2),
            Draw(new PostureDelay(new SipHashKey(TestShield.Secret(8).AsSpan(0, 16))), one, 0, 1), Draw(s_delay, new CallerKey(12, 35), 0, 1),
        ];
        Assert.Equal(drawn.Length, drawn.Distinct().Count());
        Assert.Equal(drawn[0], Draw(s_delay, one, 0, 1));
        Assert.Equal((0, 0L), s_delay.Of(one, 0, 1, 0, 0));

        static (int, long) Draw(PostureDelay delay, CallerKey caller, int epoch, ulong alarm) => delay.Of(caller, epoch, alarm, 1_000_000, 1_000_000_000_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_posture_waits_for_its_queries_or_its_time_whichever_comes_first(bool byQueries)
    {
        using PostureBench bench = new(new PostureOptions());
        DetectionVerdict alarm = PostureBench.Alarm(DetectionFamily.Output, queries: 100);
        int waited = 0;
        for (int caller = 0; caller < 25; caller++)
        {
            (int queries, long time) = s_delay.Of(bench.Caller(caller), 0, (ulong)PostureCase.KindOf(alarm), 64, 30_000_000_000);
            if (queries == 0 || time < 200)
            {
                continue;
            }

            waited++;
            bench.Take(caller, 100, 0, alarm);
            bench.Tick(TimeSpan.Zero);
            if (byQueries)
            {
                bench.Take(caller, 100 + queries - 1, 0, alarm);
                bench.Tick(TimeSpan.Zero);
                Assert.Equal(Posture.Normal, bench.PostureOf(caller));
                bench.Take(caller, 100 + queries, 0, alarm);
                bench.Tick(TimeSpan.Zero);
            }
            else
            {
                bench.Tick(TimeSpan.FromTicks((time / 100) - 1));
                Assert.Equal(Posture.Normal, bench.PostureOf(caller));
                bench.Tick(TimeSpan.FromTicks(2));
            }

            Assert.Equal(Posture.Restricted, bench.PostureOf(caller));
        }

        Assert.True(waited > 20, $"{waited}");
    }

    private static double ChiSquare(int[] counts, int draws)
    {
        double expected = (double)draws / counts.Length;
        return counts.Sum(count => (count - expected) * (count - expected) / expected);
    }
}
