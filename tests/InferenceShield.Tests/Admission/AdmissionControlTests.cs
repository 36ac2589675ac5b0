using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>Every limit of every level, against a model that keeps a list of all that was admitted.</summary>
public sealed class AdmissionControlTests
{
    private const int Callers = 3;
    private const int Groups = 2;
    private static readonly DateTimeOffset s_epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private enum Step
    {
        None,
        Share,
        AlmostTheWait,
        TheWait,
        Midnight,
        MonthEnd,
        Days,
    }

    [Fact]
    public void Decides_as_a_list_of_all_that_was_admitted_says()
    {
        HashSet<(AdmissionLevel, AdmissionReason)> seen = [];
        Properties.Hold(Cases(LimitAt), test => Check(test, seen), tests: 250);
        Assert.Equal(4 * 5, seen.Count); // every limit of every level has refused
    }

    [Theory]
    [InlineData(AdmissionLevel.Caller)]
    [InlineData(AdmissionLevel.Tenant)]
    [InlineData(AdmissionLevel.Network)]
    [InlineData(AdmissionLevel.Model)]
    public void Each_level_by_itself_decides_as_a_list_of_all_that_was_admitted_says(AdmissionLevel only) =>
        Properties.Hold(Cases((level, rows) => level == only ? LimitAt(level, rows)! : Gen.Constant(Wide(level))), test => Check(test, []), tests: 60);

    private static void Check(Case test, HashSet<(AdmissionLevel, AdmissionReason)> seen)
    {
        DateTimeOffset start = s_epoch.AddTicks(test.StartTicks);
        using AdmissionBench bench = new(test.Admission, start);
        AdmissionModel model = new(test.Admission, start.UtcDateTime, outputs: 1);
        long now = 0;
        long wait = 0;
        foreach (Call call in test.Calls)
        {
            now = Math.Max(now, Move(call, now, wait, start, test.Admission)) & -Gcra.Quantum; // as the clock counts
            wait = Ask(bench, model, call.Who, call.Rows, now, call.ByKey, seen);
            if (wait == 0 || call.Probes == 0)
            {
                continue;
            }

            // Refused at every instant before the stated wait, the last quantum of time included, and admitted at it.
            long refusedAt = now;
            IEnumerable<long> instants = Enumerable.Range(1, call.Probes).Select(i => (long)((Int128)(wait - 1) * i / call.Probes) & -Gcra.Quantum);
            foreach (long instant in instants.Distinct())
            {
                now = refusedAt + instant;
                Assert.Equal(wait - instant, Ask(bench, model, call.Who, call.Rows, now, call.ByKey, seen));
            }

            now = refusedAt + wait;
            wait = Ask(bench, model, call.Who, call.Rows, now, call.ByKey, seen);
            Assert.Equal(0, wait);
        }

        model.AssertNoWindowHoldsMoreThanItsLimit(
            Enumerable.Range(0, Callers).Select(number => new AdmissionModel.Group(number, number % Groups, number % Groups)));
    }

    /// <returns>The stated wait; 0 if admitted.</returns>
    private static long Ask(AdmissionBench bench, AdmissionModel model, AdmissionModel.Group who, int rows, long now, bool byKey, HashSet<(AdmissionLevel, AdmissionReason)> seen)
    {
        AdmissionModel.Verdict[] verdicts = [.. model.Judge(now, who, rows)];
        BigInteger longest = verdicts.Max(verdict => verdict.Wait);
        var before = bench.Words(Callers, Groups);
        AdmissionDecision decision = bench.Decide(who, rows, now, byKey && who is { Tenant: < 0, Network: < 0 });
        Assert.Equal(longest <= 0, decision.IsWithinLimits);
        Assert.Equal(BigInteger.Max(0, longest), decision.Wait);
        if (decision.IsWithinLimits)
        {
            model.Admit(now, who, rows);
            return 0;
        }

        // The limit that has to be waited for longest; of several, the first.
        AdmissionModel.Verdict named = verdicts.First(verdict => verdict.Wait == longest);
        Assert.Equal((named.Level, named.Reason), (decision.Level, decision.Reason));
        Assert.Equal(before, bench.Words(Callers, Groups));
        seen.Add((decision.Level, decision.Reason));
        return decision.Wait;
    }

    private static long Move(Call call, long now, long wait, DateTimeOffset start, AdmissionOptions options)
    {
        DateTime moment = start.UtcDateTime.AddTicks(now / 100);
        return call.Step switch
        {
            Step.Share => now + (Gcra.IncrementOf(options.PerCaller) * call.Size / 1000) + call.Extra,
            Step.AlmostTheWait => now + Math.Max(0, wait - 1),
            Step.TheWait => now + wait,
            Step.Midnight => ((moment.Date.AddDays(1) - start.UtcDateTime).Ticks * 100) + call.Extra,
            Step.MonthEnd => ((new DateTime(moment.Year, moment.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1) - start.UtcDateTime).Ticks * 100) + call.Extra,
            Step.Days => now + (TimeSpan.FromDays(call.Size % 40).Ticks * 100) + call.Extra,
            _ => now,
        };
    }

    private static Gen<Case> Cases(Func<AdmissionLevel, int, Gen<LimitOptions>?> limitAt) =>
        from maxRows in Gen.Choose(1, 5)
        from perCall in Gen.Elements(0, 0, 3, 1_000_000)
        from perQuery in Gen.Elements(0, 1, 1, 7)
        from perOutput in Gen.Elements(0, 0, 2)
        let price = new PriceOptions { PerCall = perCall, PerQuery = perQuery, PerOutput = perOutput }
        let largest = perCall + (maxRows * (perQuery + perOutput))
        from caller in limitAt(AdmissionLevel.Caller, maxRows)!
        from tenant in OrNull(limitAt(AdmissionLevel.Tenant, maxRows))
        from network in OrNull(limitAt(AdmissionLevel.Network, maxRows))
        from model in OrNull(limitAt(AdmissionLevel.Model, maxRows))
        let admission = new AdmissionOptions
        {
            PerCaller = WithRoom(caller, largest)!,
            PerTenant = WithRoom(tenant, largest),
            PerNetwork = WithRoom(network, largest),
            PerModel = WithRoom(model, largest),
            Price = price,
            MaxRowsPerCall = maxRows,
            Overflow = new RateOptions { Queries = caller.Queries, Period = caller.Period, Burst = 1 },
        }
        from start in StartTicks
        from calls in Properties.Sequences(Calls(maxRows), 50)
        select new Case(admission, start, calls);

    /// <summary>Any moment of 28 years, and those around the ends of months of leap and other years.</summary>
    private static Gen<long> StartTicks => Gen.OneOf(
        from days in Gen.Choose(0, 28 * 365)
        from ticks in Gen.Choose(0, int.MaxValue)
        select (days * TimeSpan.TicksPerDay) + (ticks * 403L % TimeSpan.TicksPerDay),
        from date in Gen.Elements("2004-02-28", "2004-02-29", "2003-02-28", "2003-12-31", "2008-02-01", "2011-04-30", "2100-02-28")
        from ticks in Gen.Elements(0L, 1, TimeSpan.TicksPerDay / 2, TimeSpan.TicksPerDay - 1)
        select (new DateTimeOffset(DateTime.Parse(date), TimeSpan.Zero) - s_epoch).Ticks + ticks);

    private static Gen<Call> Calls(int maxRows) =>
        from caller in Gen.Choose(0, Callers - 1)
        from tenant in Gen.Choose(-1, Groups - 1)
        from network in Gen.Choose(-1, Groups - 1)
        from rows in Gen.Choose(1, maxRows)
        from byKey in Gen.Elements(true, false)
        from step in Gen.Frequency(
            (8, Gen.Constant(Step.None)), (4, Gen.Constant(Step.Share)), (2, Gen.Constant(Step.AlmostTheWait)), (2, Gen.Constant(Step.TheWait)),
            (2, Gen.Constant(Step.Midnight)), (1, Gen.Constant(Step.MonthEnd)), (1, Gen.Constant(Step.Days)))
        from size in Gen.Choose(0, 1500)
        from extra in Gen.Choose(-1, 1)
        from probes in Gen.Elements(0, 0, 0, 1, 20)
        select new Call(new AdmissionModel.Group(caller, tenant, network), rows, byKey, step, size, extra, probes);

    private static Gen<LimitOptions> LimitAt(AdmissionLevel level, int maxRows) =>
        from queries in Gen.Elements(1, 3, 7, 60, 1000)
        from period in Gen.Elements(
            TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(17_003), TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(31))
        from burst in Gen.Choose(maxRows, level == AdmissionLevel.Caller ? 12 : 20)
        from daily in Gen.Choose(maxRows, 4 * maxRows)
        from monthly in Gen.Choose(maxRows, 12 * maxRows)
        from dailyCost in Gen.Choose(0, 60)
        from monthlyCost in Gen.Choose(0, 200)
        from which in Gen.Choose(0, 31)
        where period.TotalDays / queries * burst <= 366
        select new LimitOptions
        {
            Queries = queries,
            Period = period,
            Burst = burst,
            DailyQueries = (which & 17) == 1 ? daily : null,
            MonthlyQueries = (which & 18) == 2 ? monthly : null,
            DailyCost = (which & 20) == 4 ? dailyCost : null,
            MonthlyCost = (which & 24) == 8 ? monthlyCost : null,
        };

    private static Gen<LimitOptions?> OrNull(Gen<LimitOptions>? limits) =>
        limits is null ? Gen.Constant<LimitOptions?>(null) : Gen.Frequency((1, Gen.Constant<LimitOptions?>(null)), (2, limits.Select(limit => (LimitOptions?)limit)));

    /// <summary>A limit that does not matter beside the others, but is there; for the shared levels none.</summary>
    private static LimitOptions Wide(AdmissionLevel level) =>
        new() { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = level == AdmissionLevel.Caller ? 1_000_000 : 999_999 };

    /// <summary>Makes cost budgets large enough for the largest batch.</summary>
    private static LimitOptions? WithRoom(LimitOptions? limit, long largest)
    {
        if (limit is not null)
        {
            // Without a price there is no budget.
            limit.DailyCost = largest == 0 ? null : limit.DailyCost + largest;
            limit.MonthlyCost = largest == 0 ? null : limit.MonthlyCost + largest;
        }

        return limit;
    }

    private sealed record Case(AdmissionOptions Admission, long StartTicks, Call[] Calls);

    private sealed record Call(AdmissionModel.Group Who, int Rows, bool ByKey, Step Step, int Size, int Extra, int Probes);
}
