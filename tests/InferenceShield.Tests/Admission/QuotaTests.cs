using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>The word of a quota: window and use in one.</summary>
public sealed class QuotaTests
{
    private const long Minute = 60_000_000_000;
    private const long Day = 1440 * Minute;

    [Fact]
    public void Holds_as_a_sum_for_each_window_does()
    {
        Gen<(long Limit, (int Windows, long Amount, bool Refunds)[] Steps)> cases =
            from limit in Gen.Elements(1L, 10, 1000, Quota.Most)
            from steps in Properties.Sequences(
                from windows in Gen.Frequency((6, Gen.Constant(0)), (1, Gen.Constant(1)), (1, Gen.Choose(2, 40)))
                from tenths in Gen.Choose(0, 11)
                from refunds in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
                select (windows, limit * tenths / 10, refunds), 60)
            select (limit, steps.Select(step => (step.windows, step.Item2, step.refunds)).ToArray());
        Properties.Hold(cases, test =>
        {
            Quota quota = new(test.Limit);
            ulong word = 0;
            long end = 7 * Minute; // a clock that started at 23:53
            BigInteger sum = 0;
            long latest = 0;
            foreach ((int windows, long amount, bool refunds) in test.Steps)
            {
                if (windows > 0)
                {
                    end += windows * Day;
                    (sum, latest) = (0, 0);
                }

                if (refunds)
                {
                    quota.Refund(ref word, end, latest);
                    (sum, latest) = (sum - latest, 0);
                }

                bool fits = sum + amount <= test.Limit;
                ulong before = word;
                Assert.Equal(fits, quota.Allows(word, end, amount));
                Assert.Equal(fits, quota.TryCharge(ref word, end, amount));
                Assert.True(fits || word == before);
                (sum, latest) = fits ? (sum + amount, amount) : (sum, latest);
                Assert.Equal(sum, Quota.Used(word, end));
                Assert.Equal(0, Quota.Used(word, end + Day));
                Assert.True(sum == 0 ? Quota.FreshAt(word) < end : Quota.FreshAt(word) == end);
            }
        });
    }

    [Fact]
    public void A_quota_that_is_not_set_allows_everything_and_touches_nothing()
    {
        Quota none = new(0);
        ulong word = 12345;
        Assert.False(none.IsSet);
        Assert.True(none.CanHold(long.MaxValue));
        Assert.True(none.Allows(word, Day, long.MaxValue));
        Assert.True(none.TryCharge(ref word, Day, long.MaxValue));
        none.Refund(ref word, Day, 1);
        Assert.Equal(12345UL, word);
    }

    [Fact]
    public void The_largest_quota_is_used_up_to_the_last_unit()
    {
        Quota quota = new(Quota.Most);
        ulong word = 0;
        Assert.Equal(1_000_000_000_000, Quota.Most);
        Assert.True(quota.CanHold(Quota.Most));
        Assert.False(quota.CanHold(Quota.Most + 1));
        Assert.True(quota.TryCharge(ref word, 3 * Day, Quota.Most - 1));
        Assert.False(quota.TryCharge(ref word, 3 * Day, 2));
        Assert.True(quota.TryCharge(ref word, 3 * Day, 1));
        Assert.False(quota.TryCharge(ref word, 3 * Day, 1));
        Assert.Equal(Quota.Most, Quota.Used(word, 3 * Day));
        Assert.Equal(3 * Day, Quota.FreshAt(word));
        Assert.True(quota.TryCharge(ref word, 4 * Day, Quota.Most));
        Assert.Equal(4 * Day, Quota.FreshAt(word));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(Minute, 1)]
    [InlineData(Minute + 1, 2)]
    [InlineData(Day, 1440)]
    public void A_window_never_ends_early(long end, long minutes)
    {
        ulong word = 0;
        Assert.True(new Quota(5).TryCharge(ref word, end, 5));
        Assert.Equal(minutes * Minute, Quota.FreshAt(word));
        Assert.Equal(5, Quota.Used(word, end));
    }

    [Fact]
    public void A_thread_that_is_late_counts_in_the_window_that_another_has_begun()
    {
        Quota quota = new(10);
        ulong word = 0;
        Assert.True(quota.TryCharge(ref word, 2 * Day, 6));
        Assert.Equal(6, Quota.Used(word, Day));
        Assert.False(quota.Allows(word, Day, 5));
        Assert.False(quota.TryCharge(ref word, Day, 5));
        Assert.True(quota.TryCharge(ref word, Day, 4));
        Assert.Equal(10, Quota.Used(word, 2 * Day));
        Assert.Equal(2 * Day, Quota.FreshAt(word));
    }

    [Fact]
    public void What_was_charged_in_a_window_that_has_ended_is_not_taken_back_from_the_next()
    {
        Quota quota = new(10);
        ulong word = 0;
        Assert.True(quota.TryCharge(ref word, Day, 8));
        Assert.True(quota.TryCharge(ref word, 2 * Day, 3));

        // The refund of a late thread's 8 must not make 3 negative, which would be a full word.
        quota.Refund(ref word, Day, 8);
        Assert.Equal(3, Quota.Used(word, 2 * Day));
        quota.Refund(ref word, Day, 2);
        Assert.Equal(3, Quota.Used(word, 2 * Day));
        quota.Refund(ref word, 3 * Day, 3);
        Assert.Equal(3, Quota.Used(word, 2 * Day));
        quota.Refund(ref word, 2 * Day, 3);
        Assert.Equal(0, Quota.Used(word, 2 * Day));
        Assert.Equal(0, Quota.FreshAt(word));
    }

    [Fact]
    public void After_31_years_there_is_one_last_window_which_holds_and_does_not_overflow()
    {
        const long Last = ((1L << 24) - 1) * Minute;
        Quota quota = new(10);
        ulong word = 0;
        Assert.True(Last / Day > 31 * 365);
        Assert.True(quota.TryCharge(ref word, Last - Day, 10));
        Assert.True(quota.TryCharge(ref word, Last, 4));
        Assert.True(quota.TryCharge(ref word, Last + (365 * Day), 4));
        Assert.False(quota.TryCharge(ref word, long.MaxValue, 4));
        Assert.True(quota.TryCharge(ref word, long.MaxValue, 2));
        Assert.Equal(10, Quota.Used(word, long.MaxValue));
        Assert.Equal(Last, Quota.FreshAt(word));
        quota.Refund(ref word, long.MaxValue, 10);
        Assert.Equal(0, Quota.Used(word, long.MaxValue));
    }

    [Fact]
    public void Threads_together_get_exactly_the_quota_with_refunds_between()
    {
        const long Limit = 20_011;
        Quota quota = new(Limit);
        ulong word = 0;
        long used = 0;
        Threads.Run(8, thread =>
        {
            long mine = 0;
            for (int i = 0; i < 8000; i++)
            {
                long amount = 1 + ((i + thread) % 3);
                if (quota.TryCharge(ref word, Day, amount))
                {
                    mine += amount;
                    if (i % 5 == 0)
                    {
                        quota.Refund(ref word, Day, amount);
                        mine -= amount;
                    }
                }
            }

            Interlocked.Add(ref used, mine);
        });
        while (quota.TryCharge(ref word, Day, 1))
        {
            used++;
        }

        Assert.Equal(Limit, used);
        Assert.Equal(Limit, Quota.Used(word, Day));
    }

    [Fact]
    public void Threads_that_cross_midnight_at_different_times_get_no_more_than_the_quota_of_each_day()
    {
        const long Limit = 1000;
        const int Days = 20;
        Quota quota = new(Limit);
        ulong word = 0;
        long used = 0;
        Threads.Run(8, _ =>
        {
            for (long day = 1; day <= Days; day++)
            {
                for (int i = 0; i < 300; i++)
                {
                    if (quota.TryCharge(ref word, day * Day, 1))
                    {
                        Interlocked.Increment(ref used);
                    }
                }
            }
        });
        Assert.InRange(used, Limit, Limit * Days);
        Assert.Equal(Days * Day, Quota.FreshAt(word));
        Assert.Equal(Limit, Quota.Used(word, Days * Day));
    }
}
