using System.Threading.RateLimiting;
using InferenceShield.Benchmarks.Support;
using InferenceShield.Benchmarks.Suites;

namespace InferenceShield.Benchmarks.Callers;

/// <summary>Limits of caller, tenant, network and model at once: 1,000 callers of 50 tenants in 200 networks.</summary>
internal sealed class GroupLimits : BenchmarkSuite
{
    private const int Keys = 1000;
    private const int Tenants = 50;
    private const int Networks = 200;

    private readonly int[] _positions = new int[5];
    private readonly InputDigest[] _digests = new InputDigest[64];
    private readonly CallerShield[] _shields = new CallerShield[3];
    private KeyOrder _order = null!;
    private Request[] _requests = [];
    private PartitionedRateLimiter<Request> _chained = null!;
    private long _now;
    private long _refused;

    public void Chained()
    {
        foreach (int index in _order.Next(ref _positions[0]))
        {
            using RateLimitLease lease = _chained.AttemptAcquire(_requests[index]);
            _refused += lease.IsAcquired ? 0 : 1;
        }
    }

    public void Decide() => Decide(0);

    public void DecideWithQuotas() => Decide(1);

    public void AdmitWithQuotas()
    {
        CallerShield shield = _shields[2];
        shield.RestModel();
        int i = 0;
        foreach (int index in _order.Next(ref _positions[3]))
        {
            _refused += shield.Shield.Admit(shield.Handles[index], _digests.AsSpan(i++ & 63, 1)).IsAdmitted ? 0 : 1;
        }
    }

    protected override void Prepare()
    {
        _order = new KeyOrder(Keys);
        _requests = [.. _order.Names.Select((name, i) => new Request(name, $"tenant-{i % Tenants}", $"network-{i % Networks}", "model"))];
        _chained = PartitionedRateLimiter.CreateChained(
            TokenBuckets.MakeFor(static request => request.Caller),
            TokenBuckets.MakeFor(static request => request.Tenant),
            TokenBuckets.MakeFor(static request => request.Network),
            TokenBuckets.MakeFor(static request => request.Model));
        _shields[0] = Build(BenchmarkShield.Widest);
        _shields[1] = Build(BenchmarkShield.WidestWithQuotas);
        _shields[2] = Build(BenchmarkShield.WidestWithQuotas);
        for (int i = 0; i < _digests.Length; i++)
        {
            _digests[i] = _shields[2].Shield.Digest(BitConverter.GetBytes(i));
        }
    }

    protected override void Finish()
    {
        if (_refused != 0)
        {
            throw new InvalidOperationException($"{_refused:N0} calls were refused.");
        }

        foreach (CallerShield shield in _shields)
        {
            shield.CheckAllKnown();
            shield.Dispose();
        }

        _chained.Dispose();
    }

    private void Decide(int which)
    {
        CallerShield shield = _shields[which];
        long now = _now += CallerGroups.Calls * 1000; // a microsecond a call: the model's rate
        foreach (int index in _order.Next(ref _positions[1 + which]))
        {
            _refused += shield.Control.Decide(shield.Plan, shield.Handles[index], 1, now, countsRefusal: true).IsWithinLimits ? 0 : 1;
        }
    }

    private CallerShield Build(Func<LimitOptions> limit)
    {
        CallerShield shield = new(_order.Names, options =>
        {
            options.Admission.PerCaller = limit();
            options.Admission.PerTenant = limit();
            options.Admission.PerNetwork = limit();
            options.Admission.PerModel = limit();
        });
        CallerKey[] tenants = Array.ConvertAll(_requests, request => shield.Shield.IdentifyCaller(request.Tenant));
        CallerKey[] networks = Array.ConvertAll(_requests, request => shield.Shield.IdentifyCaller(request.Network));
        shield.Handles = [.. shield.Keys.Select((key, i) => shield.Shield.GetHandle(key, tenants[i], networks[i]))];
        return shield;
    }
}
