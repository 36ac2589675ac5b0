using System.Threading.RateLimiting;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Callers;

/// <summary>One rate limit for each of so many callers: each method asks for <see cref="CallerGroups.Calls"/> callers.</summary>
internal sealed class CallerLimits(int keys) : BenchmarkSuite
{
    private const int DigestMask = 63;

    private readonly List<PartitionedRateLimiter<string>> _partitioned = [];
    private readonly List<CallerShield> _shields = [];
    private readonly int[] _positions = new int[16];
    private readonly InputDigest[] _digests = new InputDigest[DigestMask + 1];
    private KeyOrder _order = null!;
    private ShieldRateLimiter[] _limiters = [];
    private ShieldPartitionedRateLimiter<CallerHandle> _limiter = null!;
    private long _now;
    private long _refused;

    public void TokenBucketByHand() => Attempt(0);

    public void TokenBucketByTimer() => Attempt(1);

    public void TokenBucketLean() => Attempt(2);

    public void DecideByHandle()
    {
        CallerShield shield = _shields[0];
        long now = Later();
        foreach (int index in _order.Next(ref _positions[3]))
        {
            _refused += shield.Control.Decide(shield.Plan, shield.Handles[index], 1, now, countsRefusal: true).IsWithinLimits ? 0 : 1;
        }
    }

    public void DecideByKey()
    {
        CallerShield shield = _shields[1];
        long now = Later();
        foreach (int index in _order.Next(ref _positions[4]))
        {
            _refused += shield.Control.Decide(shield.Plan, shield.Keys[index], 1, now, countsRefusal: true).IsWithinLimits ? 0 : 1;
        }
    }

    public void DecideByName()
    {
        CallerShield shield = _shields[2];
        shield.RestIfAlone();
        foreach (int index in _order.Next(ref _positions[5]))
        {
            CallerKey key = shield.Shield.IdentifyCaller(_order.Names[index]);
            _refused += shield.Control.Decide(shield.Plan, key, 1, shield.Clock.Coarse, countsRefusal: true).IsWithinLimits ? 0 : 1;
        }
    }

    public void AttemptAcquire()
    {
        _shields[3].RestIfAlone();
        foreach (int index in _order.Next(ref _positions[6]))
        {
            using RateLimitLease lease = _limiters[index].AttemptAcquire();
            _refused += lease.IsAcquired ? 0 : 1;
        }
    }

    public void AttemptAcquirePartitioned()
    {
        CallerShield shield = _shields[4];
        shield.RestIfAlone();
        foreach (int index in _order.Next(ref _positions[7]))
        {
            using RateLimitLease lease = _limiter.AttemptAcquire(shield.Handles[index]);
            _refused += lease.IsAcquired ? 0 : 1;
        }
    }

    public void AdmitByHandle() => Admit(5, 8);

    public void AdmitByHandleWithoutDossiers() => Admit(6, 9);

    protected override void Prepare()
    {
        _order = new KeyOrder(keys);
        _partitioned.AddRange([TokenBuckets.Make(autoReplenishment: false), TokenBuckets.Make(autoReplenishment: true), TokenBuckets.MakeLean()]);
        for (int i = 0; i < 7; i++)
        {
            bool hasDossiers = i != 6;
            _shields.Add(new CallerShield(_order.Names, options => options.Callers.Dossiers = hasDossiers ? options.Callers.Dossiers : 0));
        }

        foreach (PartitionedRateLimiter<string> limiter in _partitioned)
        {
            Array.ForEach(_order.Names, name => limiter.AttemptAcquire(name).Dispose());
        }

        _limiters = Array.ConvertAll(_shields[3].Handles, handle => new ShieldRateLimiter(handle));
        _limiter = new ShieldPartitionedRateLimiter<CallerHandle>(static handle => handle);
        for (int i = 0; i < _digests.Length; i++)
        {
            _digests[i] = _shields[5].Shield.Digest(BitConverter.GetBytes(i));
        }
    }

    protected override void Finish()
    {
        if (_refused != 0)
        {
            throw new InvalidOperationException($"{_refused:N0} calls were refused.");
        }

        _shields.ForEach(shield => shield.CheckAllKnown());
        _shields.ForEach(shield => shield.Dispose());
        _partitioned.ForEach(limiter => limiter.Dispose());
        _limiter.Dispose();
        _shields.Clear();
        _partitioned.Clear();
        _limiters = [];
        GC.Collect(); // the next group is to begin without this one's memory
    }

    private void Attempt(int which)
    {
        PartitionedRateLimiter<string> limiter = _partitioned[which];
        foreach (int index in _order.Next(ref _positions[which]))
        {
            using RateLimitLease lease = limiter.AttemptAcquire(_order.Names[index]);
            _refused += lease.IsAcquired ? 0 : 1;
        }
    }

    private void Admit(int which, int position)
    {
        CallerShield shield = _shields[which];
        shield.RestIfAlone();
        int i = 0;
        foreach (int index in _order.Next(ref _positions[position]))
        {
            _refused += shield.Shield.Admit(shield.Handles[index], _digests.AsSpan(i++ & DigestMask, 1)).IsAdmitted ? 0 : 1;
        }
    }

    /// <summary>A microsecond a call: the shortest interval that can be configured.</summary>
    private long Later() => _now += CallerGroups.Calls * 1000;
}
