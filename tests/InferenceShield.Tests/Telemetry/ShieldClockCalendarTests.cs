using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class ShieldClockCalendarTests
{
    [Theory]
    [InlineData("2026-11-22T10:30:00Z", "2026-11-23", "2026-12-01")]
    [InlineData("2026-11-22T00:00:00Z", "2026-11-23", "2026-12-01")]
    [InlineData("2026-12-31T23:59:59.9999999Z", "2027-01-01", "2027-01-01")]
    [InlineData("2027-02-28T12:00:00Z", "2027-03-01", "2027-03-01")]
    [InlineData("2028-02-28T12:00:00Z", "2028-02-29", "2028-03-01")]
    [InlineData("2028-02-29T12:00:00Z", "2028-03-01", "2028-03-01")]
    [InlineData("2100-02-28T12:00:00Z", "2100-03-01", "2100-03-01")]
    [InlineData("2026-11-30T22:00:00-03:00", "2026-12-02", "2027-01-01")]
    public void Day_and_month_end_at_midnight_in_UTC(string start, string dayEnd, string monthEnd)
    {
        DateTimeOffset utc = Parse(start);
        CalendarWindow window = new ShieldClock(new StartedAt(utc)).Calendar(0);
        Assert.Equal(Since(utc, Parse(dayEnd)), window.DayEnd);
        Assert.Equal(Since(utc, Parse(dayEnd).AddDays(-1)), window.DayStart);
        Assert.Equal(Since(utc, Parse(monthEnd)), window.MonthEnd);
    }

    [Fact]
    public void A_day_has_its_last_nanosecond_and_not_the_next()
    {
        ShieldClock clock = new(new StartedAt(Parse("2028-02-28T23:00:00Z")));
        CalendarWindow first = clock.Calendar(0);
        Assert.Equal(TimeSpan.FromHours(1).TotalNanoseconds, first.DayEnd);
        Assert.Same(first, clock.Calendar(first.DayEnd - 1));

        CalendarWindow second = clock.Calendar(first.DayEnd);
        Assert.Equal(first.DayEnd, second.DayStart);
        Assert.Equal(first.MonthEnd, second.MonthEnd);
        Assert.Equal(first.MonthEnd, second.DayEnd);
        Assert.Equal(first, clock.Calendar(first.DayEnd - 1));
    }

    [Fact]
    public void Agrees_with_DateTime_for_290_years()
    {
        DateTimeOffset start = Parse("1996-02-28T21:17:03.1234567Z");
        ShieldClock clock = new(new StartedAt(start));
        Gen<long> moments =
            from days in Gen.Choose(0, 290 * 365)
            from ticks in Gen.Choose(0, int.MaxValue)
            select (days * TimeSpan.TicksPerDay) + (ticks * 403L % TimeSpan.TicksPerDay);
        Properties.Hold(moments, ticks =>
        {
            DateTime utc = start.UtcDateTime.AddTicks(ticks);
            DateTime month = new(utc.Year, utc.Month, 1, 0, 0, 0, DateTimeKind.Utc);
            CalendarWindow window = clock.Calendar((ticks * 100) + 99);
            Assert.Equal(Since(start, utc.Date), window.DayStart);
            Assert.Equal(Since(start, utc.Date.AddDays(1)), window.DayEnd);
            Assert.Equal(Since(start, month.AddMonths(1)), window.MonthEnd);
        });
    }

    [Fact]
    public void The_clock_ends_before_its_last_day_does()
    {
        DateTimeOffset start = Parse("2026-11-22T10:30:00Z");
        CalendarWindow window = new ShieldClock(new StartedAt(start)).Calendar(long.MaxValue);
        Assert.Equal(Since(start, start.AddTicks(long.MaxValue / 100).UtcDateTime.Date), window.DayStart);
        Assert.Equal(long.MaxValue, window.DayEnd);
        Assert.Equal(long.MaxValue, window.MonthEnd);
    }

    [Theory]
    [InlineData("9999-12-31T23:59:59.9999999Z", 0)]
    [InlineData("9999-12-31T23:59:59.9999999Z", 1_000)]
    [InlineData("9999-12-31T23:59:59.9999999Z", long.MaxValue - 1)]
    [InlineData("9990-01-01T00:00:00Z", long.MaxValue - 1)]
    public void The_last_day_of_all_goes_on(string start, long now)
    {
        DateTimeOffset utc = Parse(start);
        CalendarWindow window = new ShieldClock(new StartedAt(utc)).Calendar(now);
        Assert.Equal(new CalendarWindow(Since(utc, DateTime.MaxValue.Date), long.MaxValue, long.MaxValue), window);
    }

    [Fact]
    public void The_first_day_of_all_begins_where_it_can()
    {
        CalendarWindow window = new ShieldClock(new StartedAt(DateTimeOffset.MinValue)).Calendar(0);
        Assert.Equal(0, window.DayStart);
        Assert.Equal(TimeSpan.FromDays(31).TotalNanoseconds, window.MonthEnd);
    }

    private static DateTimeOffset Parse(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static long Since(DateTimeOffset start, DateTimeOffset end) => (end.UtcTicks - start.UtcTicks) * 100;

    private static long Since(DateTimeOffset start, DateTime end) => (end.Ticks - start.UtcTicks) * 100;

    /// <summary>A clock that stands still at a date.</summary>
    private sealed class StartedAt(DateTimeOffset now) : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
