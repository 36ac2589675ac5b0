namespace InferenceShield.Tests;

/// <summary>Charging after the check: what another thread has used up meanwhile leaves no part of a charge behind.</summary>
public sealed class BillTests
{
    private const int Levels = 5;
    private static readonly DateTimeOffset s_start = new(2028, 2, 29, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_charge_that_any_limit_of_any_level_refuses_is_taken_back_everywhere(int level)
    {
        CalendarWindow calendar = new ShieldClock(new DatedTimeProvider(s_start)).Calendar(1);
        Charge charge = new(Now: 1, Rows: 3, Cost: 4, calendar.DayEnd, calendar.MonthEnd);
        Limit limit = new(new LimitOptions
        {
            Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 10, DailyQueries = 10, MonthlyQueries = 10, DailyCost = 10, MonthlyCost = 10,
        });
        for (int full = 0; full < 5; full++)
        {
            CallerRecord[] records = new CallerRecord[Levels];
            for (int i = 0; i < Levels; i++)
            {
                Assert.True(limit.TryCharge(ref records[i], charge with { Rows = 1, Cost = 1 }));
            }

            ref CallerRecord tight = ref records[level];
            _ = full switch
            {
                0 => limit.Rate.TryCharge(ref tight.Arrival, 1, 8, out _),
                1 => limit.DailyQueries.TryCharge(ref tight.DailyQueries, charge.DayEnd, 8),
                2 => limit.DailyCost.TryCharge(ref tight.DailyCost, charge.DayEnd, 8),
                3 => limit.MonthlyQueries.TryCharge(ref tight.MonthlyQueries, charge.MonthEnd, 8),
                _ => limit.MonthlyCost.TryCharge(ref tight.MonthlyCost, charge.MonthEnd, 8),
            };
            object before = Words(records);
            Bill bill = new() { Caller = limit, Tenant = limit, Network = limit, Model = limit, Global = limit };
            bill.CallerRecord = ref records[0];
            bill.TenantRecord = ref records[1];
            bill.NetworkRecord = ref records[2];
            bill.ModelRecord = ref records[3];
            bill.GlobalRecord = ref records[4];
            Assert.False(bill.TryCharge(in charge));
            Assert.Equal(before, Words(records));
        }
    }

    [Fact]
    public void A_mark_without_an_override_goes_with_the_next_query()
    {
        using AdmissionBench bench = new(new AdmissionOptions(), s_start);
        AdmissionModel.Group who = new(0, -1, -1);
        int slot = bench.Decide(who, 1, now: 1).Slot;
        bench.Control.Callers[slot].SetStanding((ulong)CallerFlags.Overridden << CallerRecord.FlagsShift, (ulong)CallerFlags.Overridden << CallerRecord.FlagsShift);
        Assert.True(bench.Decide(who, 1, now: 1).IsWithinLimits);
        Assert.Equal(CallerFlags.None, bench.Control.Callers[slot].Flags);
    }

    private static List<(long, ulong, ulong, ulong, ulong)> Words(CallerRecord[] records) =>
        [.. records.Select(record => (record.Arrival, record.DailyQueries, record.MonthlyQueries, record.DailyCost, record.MonthlyCost))];
}
