using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests.Telemetry;

/// <summary>The history of answers against a list of all of them, weighed one by one.</summary>
public sealed class AnswerHistoryTests
{
    private const long Second = 1_000_000_000;
    private const long Hour = 3600 * Second;

    private static readonly SipHashKey s_key = new("0123456789abcdef"u8);

    private static readonly double[] s_lengths = [60e9, 3600e9, 86_400e9, 30 * 86_400e9];

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Is_the_list_of_all_answers_weighed_one_by_one(int stripes)
    {
        // From bursts at one instant over steady traffic to silences of ten days; runs beyond the ring's length; labels beyond the
        // buckets, none at all, and values that are no numbers.
        DecayedHistogram buckets = new(s_key, buckets: 8);
        Gen<Answer[]> answers = Properties.Sequences(
            from label in Gen.Frequency((6, Gen.Choose(0, 7)), (2, Gen.Choose(8, 2_000_000_000)), (1, Gen.Constant(AnswerHistory.NoLabel)))
            from value in Gen.Frequency((9, Gen.Choose(-1000, 1000).Select(i => i / 8f)), (1, Gen.Elements(float.NaN, float.PositiveInfinity, float.NegativeInfinity)))
            from gap in Gen.Frequency((5, Gen.Constant(0L)), (9, Gen.Choose(0, 1_000_000_000).Select(i => (long)i)), (2, Gen.Choose(0, 4800).Select(i => (long)Math.Pow(1.0075, i))))
            from late in Gen.Frequency((9, Gen.Constant(0L)), (1, Gen.Choose(0, 20).Select(i => i * Second)))
            select new Answer(label, value, gap, late),
            250);
        Properties.Hold(answers, sequence =>
        {
            AnswerHistory history = new(s_key, buckets.Buckets, stripes);
            List<(int Bucket, float Value, long Time)> all = [];
            long now = 0;
            foreach (Answer answer in sequence)
            {
                now += answer.Gap;
                long time = Math.Max(0, now - answer.Late);
                history.Add(answer.Label, answer.Value, time);
                all.Add((answer.Label < 0 ? -1 : buckets.BucketOf(answer.Label), answer.Value, time));
                if (all.Count % 101 == 0)
                {
                    AssertIs(all, history, now);
                }
            }

            AssertIs(all, history, now);
            AssertIs(all, history, now + (40 * Second));
            AssertIs(all, history, now + (2 * Hour));
        }, tests: 60);
    }

    [Fact]
    public void An_answer_before_a_silence_is_not_younger_for_it()
    {
        AnswerHistory history = new(s_key, 4, stripes: 1);
        history.Add(1, 0.5f, Second);
        history.Add(2, 0.5f, 5 * Hour);
        double[] shares = new double[4];
        Assert.Equal(1, history.Labels(0, 5 * Hour, shares).Total, 1e-9);
        Assert.Equal([0, 0, 1, 0], shares);
        Assert.Equal((2, 1.0), (history.Values(0, 5 * Hour).Count, history.Values(0, 5 * Hour).Weight));

        // The same where nothing comes but a reader.
        history.Add(3, 0.5f, 6 * Hour);
        Assert.Equal(0, history.Labels(0, 11 * Hour, shares).Total, 1e-9);
        Assert.Equal(3, history.Labels(3, 11 * Hour, shares).Total, 0.05);
    }

    [Fact]
    public void An_answer_of_a_call_that_took_long_counts_in_its_own_time_and_moves_no_other()
    {
        AnswerHistory history = new(s_key, 4, stripes: 1);
        history.Add(1, 0.5f, 1000 * Second);
        history.Add(2, 0.5f, 700 * Second);
        double[] shares = new double[4];
        Assert.Equal(1 + Math.Exp(-5), history.Labels(0, 1000 * Second, shares).Total, 0.005);
        Assert.Equal(1 / (1 + Math.Exp(-5)), shares[1], 0.005);
    }

    [Fact]
    public void Low_and_slow_shows_in_the_month_and_not_in_the_minute()
    {
        // 20 answers a second of two labels, and once an hour a third: two days of it.
        AnswerHistory history = new(s_key, 64, stripes: 1);
        int hours = 48;
        for (int hour = 0; hour < hours; hour++)
        {
            history.Add(7, 0.5f, (hour * Hour) + Second);
            for (int i = 0; i < 2000; i++)
            {
                history.Add(i & 1, 0.9f, (hour * Hour) + (600 * Second) + (i * Second / 20));
            }
        }

        long now = (hours - 1) * Hour + (700 * Second);
        double[] shares = new double[64];
        history.Labels(0, now, shares);
        Assert.InRange(shares[7], 0, 1e-6);
        LabelSnapshot month = history.Labels(3, now, shares);
        double expected = Enumerable.Range(0, hours).Sum(hour => Math.Exp(-((hour * Hour) + (699 * Second)) / s_lengths[3]));
        Assert.Equal(expected, shares[7] * month.Total, 0.01 * expected);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Eight_threads_lose_nothing_while_others_read(int stripes)
    {
        const int Writers = 7;
        const int Each = 100_000;
        AnswerHistory history = new(s_key, 8, stripes);
        int running = Writers;
        Together.Run(Writers + 1, number =>
        {
            if (number == Writers)
            {
                double[] shares = new double[8];
                (double Total, long Count) before = default;
                while (Volatile.Read(ref running) > 0)
                {
                    // The time stands still: nothing decays, so nothing may ever be missing again.
                    double total = history.Labels(3, Second, shares).Total;
                    ValueSnapshot values = history.Values(3, Second);
                    Assert.InRange(total, before.Total, Writers * Each);
                    Assert.InRange(values.Count, before.Count, Writers * Each);
                    Assert.Equal(values.Count - values.Skipped, values.Weight, 0.5);
                    before = (total, values.Count);
                    Thread.Yield();
                }

                return;
            }

            for (int i = 0; i < Each; i++)
            {
                history.Add(number, 0.25f, Second);
            }

            Interlocked.Decrement(ref running);
        });
        double[] shares = new double[8];
        for (int window = 0; window < s_lengths.Length; window++)
        {
            Assert.Equal(Writers * Each, history.Labels(window, Second, shares).Total);
            Assert.All(shares[..Writers], share => Assert.Equal(1.0 / Writers, share, 1e-12));
            ValueSnapshot values = history.Values(window, Second);
            Assert.Equal((Writers * Each, 0.25, 0.0), (values.Count, values.Mean, values.Variance));
        }
    }

    [Fact]
    public void An_answer_put_while_another_thread_empties_the_ring_counts_from_its_own_second()
    {
        const int Histories = 20_000;
        AnswerHistory[] histories = [.. Enumerable.Range(0, Histories).Select(_ => new AnswerHistory(s_key, 8, 1))];
        int reached = 0;
        Together.Run(2, number =>
        {
            for (int i = 0; i < Histories; i++)
            {
                if (number == 0)
                {
                    Volatile.Write(ref reached, i);
                    histories[i].Add(1, 0.25f, Second);
                }
                else
                {
                    histories[Math.Max(i, Volatile.Read(ref reached))].EmptyAll();
                }
            }
        });
        Assert.All(histories, history => Assert.Equal(1, history.Labels(0, Second, new double[8]).Total));
    }

    [Fact]
    public void Threads_with_clocks_apart_lose_nothing_while_time_goes_on()
    {
        const int Each = 50_000;
        AnswerHistory history = new(s_key, 8, stripes: 2);
        Together.Run(8, number =>
        {
            for (int i = 0; i < Each; i++)
            {
                history.Add(number, number, Second + (i * 2 * Second / 1000) + (number * 400_000_000L));
            }
        });
        long now = 110 * Second;
        Assert.Equal(8 * Each, history.Values(0, now).Count);
        Assert.InRange(history.Labels(3, now, new double[8]).Total, 8 * Each * 0.995, 8 * Each);
    }

    [Fact]
    public void Cleared_it_is_as_new_and_clearing_while_others_add_leaves_no_more_than_they_added()
    {
        AnswerHistory history = new(s_key, 4, stripes: 2);
        double[] shares = new double[4];
        for (int i = 0; i < 1000; i++)
        {
            history.Add(i & 3, i, Second + (i * 7_000_000L));
        }

        history.Clear();
        for (int window = 0; window < s_lengths.Length; window++)
        {
            Assert.Equal(default, history.Labels(window, 9 * Second, shares));
            Assert.Equal(new double[4], shares);
            Assert.Equal(default, history.Values(window, 9 * Second));
        }

        history.Add(2, 0.5f, 10 * Second);
        Assert.Equal(new LabelSnapshot(1, 0), history.Labels(0, 10 * Second, shares));
        Assert.Equal([0, 0, 1, 0], shares);
        Together.Run(4, number =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                if (number == 0 && i % 20 == 0)
                {
                    history.Clear();
                }
                else
                {
                    history.Add(number, 0.5f, 10 * Second);
                }
            }
        });
        Assert.InRange(history.Labels(3, 10 * Second, shares).Total, 0, 80_001);
        Assert.InRange(history.Values(3, 10 * Second).Count, 0, 80_001);
        history.Clear();
        Assert.Equal(default, history.Values(3, 10 * Second));
    }

    [Fact]
    public void It_says_about_once_a_second_that_a_second_has_passed()
    {
        AnswerHistory history = new(s_key, 4, stripes: 1);
        int seconds = 0;
        for (int i = 0; i < 60_000; i++)
        {
            seconds += history.Add(0, 0.5f, i * Second / 1000) ? 1 : 0;
        }

        Assert.InRange(seconds, 55, 60);
    }

    [Fact]
    public void Adding_allocates_nothing_and_the_memory_is_as_stated()
    {
        Assert.InRange(Allocations.Least(() => GC.KeepAlive(new AnswerHistory(s_key, 64, stripes: 1)), expected: 3_900), 2_900, 3_900);
        AnswerHistory history = new(s_key, 64, stripes: 1);
        history.WarmUp();
        Assert.Equal(default, history.Labels(3, Second, new double[64]));
        Assert.Equal(0, Together.Allocated(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                history.Add(i % 100, i, i * 10_000_000L);
            }
        }));
    }

    private static void AssertIs(List<(int Bucket, float Value, long Time)> all, AnswerHistory history, long now)
    {
        double[] shares = new double[history.Buckets];
        for (int window = 0; window < s_lengths.Length; window++)
        {
            double length = s_lengths[window];

            // 1/256 of a window, and a second either way.
            double error = Math.Exp((1.01 / 256) + (1.0e9 / length)) - 1;
            double[] weights = [.. all.Select(answer => Math.Exp((answer.Time - now) / length))];
            double[] labels = new double[history.Buckets];
            double weight = 0;
            double sum = 0;
            int finite = 0;
            for (int i = 0; i < all.Count; i++)
            {
                if (all[i].Bucket >= 0)
                {
                    labels[all[i].Bucket] += weights[i];
                }

                if (float.IsFinite(all[i].Value))
                {
                    finite++;
                    weight += weights[i];
                    sum += weights[i] * all[i].Value;
                }
            }

            LabelSnapshot snapshot = history.Labels(window, now, shares);
            double total = labels.Sum();
            AssertNear(total, snapshot.Total, error);
            if (total > 1e-100)
            {
                Assert.Equal(1, shares.Sum(), 1e-9);
                for (int i = 0; i < shares.Length; i++)
                {
                    AssertNear(labels[i], shares[i] * snapshot.Total, error);
                }

                double entropy = labels.Where(label => label > 1e-12 * total).Sum(label => -label / total * Math.Log2(label / total));
                Assert.Equal(entropy, snapshot.EntropyBits, (2 * error * Math.Log2(8)) + 1e-6);
            }

            ValueSnapshot values = history.Values(window, now);
            Assert.Equal((finite, 0), (values.Count, values.Skipped));
            AssertNear(weight, values.Weight, error);
            if (weight > 1e-100)
            {
                // Weights that are each off by a share e move the mean by at most 2e of the mean distance from it.
                double mean = sum / weight;
                double spread = 0;
                double squares = 0;
                for (int i = 0; i < all.Count; i++)
                {
                    if (float.IsFinite(all[i].Value))
                    {
                        spread += weights[i] * Math.Abs(all[i].Value - mean) / weight;
                        squares += weights[i] * (all[i].Value - mean) * (all[i].Value - mean) / weight;
                    }
                }

                Assert.InRange(values.Mean - mean, (-2 * error * spread) - 1e-6, (2 * error * spread) + 1e-6);
                Assert.InRange(values.Variance - squares, (-4 * error * squares) - 1e-6, (4 * error * squares) + 1e-6);
            }
        }
    }

    private static void AssertNear(double expected, double actual, double error) =>
        Assert.InRange(actual, (expected * (1 - error)) - 1e-100, (expected * (1 + error)) + 1e-100);

    private sealed record Answer(int Label, float Value, long Gap, long Late);
}
