namespace InferenceShield.Tests;

/// <summary>On the system's clock most queries are decided with a reading that is up to a timer tick old. What is refused is not.</summary>
public sealed class AdmissionClockTests
{
    [Theory]
    [InlineData(1_000, 1)]
    [InlineData(400, 1)]
    [InlineData(5_000, 3)]
    public void The_stated_wait_is_exact_although_the_clock_of_the_common_case_lags(int queriesPerSecond, int rows)
    {
        using Shield shield = TestShield.Build(
            configure: options => TestShield.SetLimits(options, queriesPerSecond, TimeSpan.FromSeconds(1), burst: rows), clock: TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        int refused = 0;
        int inARow = 0;
        bool isDue = true;

        // Every refusal says the same moment, each from the moment at which it was made: somewhere between these two.
        long earliest = 0;
        long latest = long.MaxValue;
        while (Now(start) < 250_000_000)
        {
            long before = Now(start);
            Admission admission = shield.AdmitRows(rows);
            long after = Now(start) + 99;
            if (admission.IsAdmitted)
            {
                Assert.True(after >= earliest, $"Admitted by {after}, the wait was to {earliest} at least.");
                (earliest, latest, inARow, isDue) = (0, long.MaxValue, 0, false);
                continue;
            }

            Assert.False(isDue, "Refused after the wait.");
            refused++;
            earliest = Math.Max(earliest, before + (admission.RetryAfter.Ticks * 100) - 99);
            latest = Math.Min(latest, after + (admission.RetryAfter.Ticks * 100));
            Assert.True(earliest <= latest, $"The wait ends at {earliest} at least and at {latest} at most.");
            if (++inARow == 20)
            {
                while (Now(start) < latest)
                {
                    Thread.SpinWait(10);
                }

                isDue = true;
            }
        }

        Assert.True(refused > 0);
    }

    [Fact]
    public void A_caller_that_asks_all_the_time_gets_no_more_than_its_rate_and_one_tick()
    {
        using Shield shield = TestShield.Build(
            configure: options => TestShield.SetLimits(options, 10_000, TimeSpan.FromSeconds(1), burst: 1), clock: TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        long admitted = 0;
        long now;
        do
        {
            admitted += shield.AdmitRows(1).IsAdmitted ? 1 : 0;
            now = Now(start);
        }
        while (now < 300_000_000);

        // A tick is 16 ms at most. How much less it got is a matter of how much of the processor it got.
        Assert.InRange(admitted, 1, 1 + (now / 100_000) + 160);
    }

    private static long Now(long start) => TimeProvider.System.GetElapsedTime(start).Ticks * 100;
}
