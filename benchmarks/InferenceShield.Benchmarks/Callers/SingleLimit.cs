using System.Threading.RateLimiting;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Callers;

/// <summary>One limit, without a table.</summary>
internal sealed class SingleLimit : BenchmarkSuite
{
    private readonly TokenBucketRateLimiter _bucket = TokenBuckets.MakeOne();
    private readonly ShieldClock _clock = new(TimeProvider.System);
    private readonly long[] _arrivals = new long[2];
    private Gcra _rate;
    private long _now;
    private long _refused;

    public void TokenBucket()
    {
        for (int i = 0; i < CallerGroups.Calls; i++)
        {
            using RateLimitLease lease = _bucket.AttemptAcquire();
            _refused += lease.IsAcquired ? 0 : 1;
        }
    }

    public void CellRate()
    {
        Gcra rate = _rate;
        for (int i = 0; i < CallerGroups.Calls; i++)
        {
            _now += 1000;
            _refused += rate.TryCharge(ref _arrivals[0], _now, 1, out _) ? 0 : 1;
        }
    }

    public void CellRateCoarse()
    {
        Gcra rate = _rate;
        Volatile.Write(ref _arrivals[1], 0); // rested: see CallerShield.RestIfAlone
        for (int i = 0; i < CallerGroups.Calls; i++)
        {
            _refused += rate.TryCharge(ref _arrivals[1], _clock.Coarse, 1, out _) ? 0 : 1;
        }
    }

    protected override void Prepare() =>
        _rate = new Gcra(new RateOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 });

    protected override void Finish()
    {
        _bucket.Dispose();
        if (_refused != 0)
        {
            throw new InvalidOperationException($"{_refused:N0} calls were refused.");
        }
    }
}
