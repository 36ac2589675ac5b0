using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>Observe-only mode: everything is computed, nothing is done, and what would have been done is counted.</summary>
public sealed class ShieldObserveOnlyTests
{
    [Fact]
    public void Counts_what_enforcing_does_on_the_same_queries()
    {
        Gen<(int Caller, int Rows, int WaitSeconds)[]> sequences = Properties.Sequences(
            Gen.Choose(0, 7).Zip(Gen.Choose(1, 5), (caller, rows) => (caller, rows)).Zip(Gen.Choose(0, 40), (pair, wait) => (pair.caller, pair.rows, wait)),
            100);
        Properties.Hold(sequences, sequence =>
        {
            ManualTimeProvider clock = new();
            using Shield enforcing = Build(ShieldMode.Enforce, clock);
            using Shield observing = Build(ShieldMode.ObserveOnly, clock);
            Assert.True(enforcing.Enforces);
            Assert.False(observing.Enforces);
            long refused = 0;
            foreach ((int caller, int rows, int wait) in sequence)
            {
                clock.Advance(TimeSpan.FromSeconds(wait));
                Admission real = enforcing.AdmitRows(rows, $"caller {caller}");
                Admission watched = observing.AdmitRows(rows, $"caller {caller}");
                Assert.True(watched.IsAdmitted);
                Assert.Equal(!real.IsAdmitted, watched.WouldBeRefused);
                Assert.Equal((real.Reason, real.RetryAfter, real.Rows), (watched.Reason, watched.RetryAfter, watched.Rows));
                float[] scores = [.. Enumerable.Repeat(0.25f, 4 * rows)];
                observing.Harden(in watched, scores, classes: 4);
                if (real.IsAdmitted)
                {
                    enforcing.Harden(in real, scores, classes: 4);
                }

                refused += real.IsAdmitted ? 0 : rows;
            }

            ShieldStatistics done = enforcing.GetStatistics();
            ShieldStatistics counted = observing.GetStatistics();
            Assert.Equal(refused, done.Refused);
            Assert.Equal(
                (done.Admitted, done.Refused, done.TableFull, done.Callers, 0L),
                (counted.Admitted, counted.WouldBeRefused, counted.TableFull, counted.Callers, counted.Refused));

            // The rows that enforcing would have refused ran here, so their answers would have been hardened as well.
            Assert.Equal((done.Hardened + refused, 0L), (counted.WouldBeHardened, counted.Hardened));
            Assert.Equal(0, done.WouldBeRefused + done.WouldBeHardened);
        }, tests: 100);
    }

    [Theory]
    [InlineData(OutputKind.Logits)]
    [InlineData(OutputKind.Probabilities)]
    [InlineData(OutputKind.Embedding)]
    [InlineData(OutputKind.Regression)]
    [InlineData(OutputKind.State)]
    public void Releases_the_clean_scores_bit_for_bit(OutputKind kind)
    {
        using Shield shield = TestShield.Build(kind, configure: options => options.Mode = ShieldMode.ObserveOnly);
        float[] clean = [0.123456789f, -0f, float.Epsilon, 0.876543f, 0.5f, 0.25f, 0.125f, 0.125f];
        Assertions.SameBits(clean, shield.Release(clean, classes: 4));
        float[] inPlace = [.. clean];
        Admission admission = shield.AdmitRows(2);
        shield.Harden(in admission, inPlace, classes: 4);
        Assertions.SameBits(clean, inPlace);
    }

    [Fact]
    public void An_output_that_is_not_finite_is_still_an_error()
    {
        using Shield shield = TestShield.Build(configure: options => options.Mode = ShieldMode.ObserveOnly);
        Admission admission = shield.AdmitRows(2);
        float[] scores = [0.5f, 0.5f, float.NaN, 0.5f];
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, scores, classes: 2));
        Assert.Equal((1, 0), (exception.Row, exception.Class));
        Assert.All(scores, score => Assert.Equal(0, score));
        Assert.Equal(0, shield.GetStatistics().WouldBeHardened);
    }

    [Fact]
    public void Says_in_the_log_and_in_ToString_that_it_only_observes()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(configure: options => options.Mode = ShieldMode.ObserveOnly, logger: logger);
        Assert.Equal("Shield 'model' only observes: clean answers leave the process", Assert.Single(logger.Messages("ObserveOnly")));
        Assert.Equal("Shield 'model' (ObserveOnly, plan 1)", shield.ToString());
    }

    private static Shield Build(ShieldMode mode, TimeProvider clock) => TestShield.Build(
        configure: options =>
        {
            options.Mode = mode;
            options.Callers.Capacity = 5;
            options.Admission.PerCaller = new LimitOptions { Queries = 6, Period = TimeSpan.FromMinutes(1), Burst = 5 };
            options.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromMinutes(1), Burst = 2 };
        },
        clock: clock);
}
