using System.Numerics;

namespace InferenceShield.Tests;

/// <summary>Admission control as one would explain it: a list of all that was admitted, and every limit counted from it anew.</summary>
internal sealed class AdmissionModel(AdmissionOptions options, DateTime start, int outputs)
{
    private readonly List<Query> _admitted = [];

    public decimal CostOf(int rows) =>
        options.Price.PerCall + (rows * (options.Price.PerQuery + ((decimal)options.Price.PerOutput * outputs)));

    public void Admit(BigInteger at, Group who, int rows) => _admitted.Add(new Query(at, who, rows, CostOf(rows)));

    /// <summary>What every limit that applies asks to wait, in nanoseconds; 0 or less for none.</summary>
    public IEnumerable<Verdict> Judge(BigInteger now, Group who, int rows)
    {
        foreach ((AdmissionLevel level, LimitOptions? limit, Func<Query, bool> counts) in Levels(who))
        {
            if (limit is null)
            {
                continue;
            }

            Query[] past = [.. _admitted.Where(counts)];
            yield return new Verdict(level, AdmissionReason.Rate, RateWait(limit, past, now, rows));
            DateTime moment = At(now);
            DateTime tomorrow = moment.Date.AddDays(1);
            DateTime nextMonth = new DateTime(moment.Year, moment.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1);
            Query[] today = [.. past.Where(query => At(query.At).Date == moment.Date)];
            Query[] month = [.. past.Where(query => (At(query.At).Year, At(query.At).Month) == (moment.Year, moment.Month))];
            yield return QuotaWait(level, AdmissionReason.DailyQueries, limit.DailyQueries, today.Sum(query => (decimal)query.Rows) + rows, tomorrow, now);
            yield return QuotaWait(level, AdmissionReason.DailyCost, limit.DailyCost, today.Sum(query => query.Cost) + CostOf(rows), tomorrow, now);
            yield return QuotaWait(level, AdmissionReason.MonthlyQueries, limit.MonthlyQueries, month.Sum(query => (decimal)query.Rows) + rows, nextMonth, now);
            yield return QuotaWait(level, AdmissionReason.MonthlyCost, limit.MonthlyCost, month.Sum(query => query.Cost) + CostOf(rows), nextMonth, now);
        }
    }

    /// <summary>Between any two queries no more was admitted than burst + rate x time, in fractions without rounding.</summary>
    public void AssertNoWindowHoldsMoreThanItsLimit(IEnumerable<Group> groups)
    {
        foreach ((AdmissionLevel level, LimitOptions? limit, Func<Query, bool> counts) in groups.SelectMany(Levels))
        {
            if (limit is null)
            {
                continue;
            }

            Query[] past = [.. _admitted.Where(counts)];
            BigInteger period = new BigInteger(limit.Period.Ticks) * 100;
            for (int first = 0; first < past.Length; first++)
            {
                BigInteger rows = 0;
                for (int last = first; last < past.Length; last++)
                {
                    rows += past[last].Rows;
                    if ((rows - limit.Burst) * period > limit.Queries * (past[last].At - past[first].At))
                    {
                        Assert.Fail($"{level}: {rows} queries from {past[first].At} to {past[last].At}.");
                    }
                }
            }
        }
    }

    /// <summary>A rate holds if it holds in every window that ends now, each query taking its share of the period, rounded up to a quantum of time.</summary>
    private static BigInteger RateWait(LimitOptions limit, Query[] past, BigInteger now, int rows)
    {
        BigInteger quantum = new BigInteger(limit.Queries) * Gcra.Quantum;
        BigInteger share = ((new BigInteger(limit.Period.Ticks) * 100) + quantum - 1) / quantum * Gcra.Quantum;
        BigInteger inWindow = rows;
        BigInteger longest = (inWindow - limit.Burst) * share;
        foreach (Query query in past.Reverse())
        {
            inWindow += query.Rows;
            longest = BigInteger.Max(longest, ((inWindow - limit.Burst) * share) - (now - query.At));
        }

        return longest;
    }

    private Verdict QuotaWait(AdmissionLevel level, AdmissionReason reason, long? quota, decimal sum, DateTime end, BigInteger now) =>
        new(level, reason, sum > (quota ?? decimal.MaxValue) ? (new BigInteger((end - start).Ticks) * 100) - now : 0);

    private DateTime At(BigInteger now) => start.AddTicks((long)(now / 100));

    private IEnumerable<(AdmissionLevel Level, LimitOptions? Limit, Func<Query, bool> Counts)> Levels(Group who)
    {
        yield return (AdmissionLevel.Caller, options.PerCaller, query => query.Who.Caller == who.Caller);
        yield return (AdmissionLevel.Tenant, who.Tenant < 0 ? null : options.PerTenant, query => query.Who.Tenant == who.Tenant);
        yield return (AdmissionLevel.Network, who.Network < 0 ? null : options.PerNetwork, query => query.Who.Network == who.Network);
        yield return (AdmissionLevel.Model, options.PerModel, _ => true);
    }

    /// <summary>Who asks, by number; -1 for no tenant or network.</summary>
    internal readonly record struct Group(int Caller, int Tenant, int Network);

    internal readonly record struct Verdict(AdmissionLevel Level, AdmissionReason Reason, BigInteger Wait);

    private sealed record Query(BigInteger At, Group Who, int Rows, decimal Cost);
}
