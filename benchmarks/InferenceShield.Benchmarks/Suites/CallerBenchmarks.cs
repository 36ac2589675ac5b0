using System.Threading.RateLimiting;
using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>What a shield does for callers by handle: 64 callers and 64 digests take turns.</summary>
public class CallerBenchmarks : BenchmarkSuite
{
    private const string Output = "probabilities";
    private const int Classes = 10;
    private const int EnoughForDossier = (int)DossierTable.LeastAsked;

    private readonly RotatingRows _rows = RotatingRows.Probabilities(Classes, seed: 9);
    private readonly InputDigest[] _digests = new InputDigest[BenchmarkShield.CallerCount];
    private readonly float[] _released = new float[Classes];
    private Shield _plain = null!;
    private Shield _grouped = null!;
    private Shield _refusing = null!;
    private Shield _overridden = null!;
    private Shield _watching = null!;
    private CallerHandle[] _plainHandles = [];
    private CallerHandle[] _groupedHandles = [];
    private CallerHandle[] _refusingHandles = [];
    private CallerHandle[] _overriddenHandles = [];
    private CallerHandle[] _watchingHandles = [];
    private ShieldRateLimiter[] _limiters = [];
    private Admission[] _watchedAdmissions = [];

    public Admission Admission { get; private set; }

    public long FailedLeases { get; private set; }

    public ShieldStatistics Totals { get; private set; }

    public CallerStatistics CallerStatistics { get; private set; }

    /// <summary>A caller with nothing but its own rate to keep, and no dossier.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AdmitByHandle() => Admit(_plain, _plainHandles);

    /// <summary>Rates and quotas of caller, tenant, network and model.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AdmitGrouped() => Admit(_grouped, _groupedHandles);

    /// <summary>A caller over quota.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AdmitByHandleRefused() => Admit(_refusing, _refusingHandles);

    /// <summary>A caller with a limit of its own by an operator.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AdmitOverridden() => Admit(_overridden, _overriddenHandles);

    /// <summary>A caller whose distinct queries are counted.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AdmitWithDossier() => Admit(_watching, _watchingHandles);

    /// <summary>A caller whose answers are counted.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void HardenWithDossier()
    {
        int index = _rows.NextIndex();
        _watching.Harden(in _watchedAdmissions[index], _rows[index], _released, Classes);
    }

    /// <summary>Admitted.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AttemptAcquire()
    {
        using RateLimitLease lease = _limiters[_rows.NextIndex()].AttemptAcquire();
        FailedLeases += lease.IsAcquired ? 0 : 1;
    }

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void GetStatistics() => Totals = _plain.GetStatistics();

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void TryGetCaller()
    {
        _plain.TryGetCaller(_plainHandles[_rows.NextIndex()].Caller, out CallerStatistics statistics);
        CallerStatistics = statistics;
    }

    protected override void Prepare()
    {
        _plain = BenchmarkShield.Build(Output, OutputKind.Probabilities, BenchmarkShield.Widest(), options => options.Callers.Dossiers = 0);
        _grouped = BenchmarkShield.Build(
            Output,
            OutputKind.Probabilities,
            BenchmarkShield.WidestWithQuotas(),
            options =>
            {
                options.Admission.PerTenant = BenchmarkShield.WidestWithQuotas();
                options.Admission.PerNetwork = BenchmarkShield.WidestWithQuotas();
                options.Admission.PerModel = BenchmarkShield.WidestWithQuotas();
            },
            new SteppingTimeProvider());
        _refusing = BenchmarkShield.BuildRefusing(Output, OutputKind.Probabilities);
        _overridden = BenchmarkShield.Build(Output, OutputKind.Probabilities);
        _watching = BenchmarkShield.Build(Output, OutputKind.Probabilities);
        _plainHandles = GetHandles(_plain);
        _groupedHandles = GetHandles(_grouped, hasGroups: true);
        _refusingHandles = GetHandles(_refusing);
        _overriddenHandles = GetHandles(_overridden);
        _watchingHandles = GetHandles(_watching);
        _limiters = Array.ConvertAll(_plainHandles, handle => new ShieldRateLimiter(handle));
        for (int i = 0; i < _digests.Length; i++)
        {
            _digests[i] = _plain.Digest(BitConverter.GetBytes(i));
        }

        foreach (CallerHandle handle in _overriddenHandles)
        {
            _overridden.Overrides.Set(handle.Caller, new CallerOverride { Limit = BenchmarkShield.Widest() });
        }

        _watchedAdmissions = Array.ConvertAll(_watchingHandles, handle =>
        {
            _watching.Admit(handle, new byte[EnoughForDossier], EnoughForDossier);
            return _watching.Admit(handle, _digests.AsSpan(0, 1));
        });
        foreach (CallerHandle handle in _refusingHandles)
        {
            _refusing.Admit(handle, _digests.AsSpan(0, 1));
        }
    }

    protected override void Finish()
    {
        foreach (Shield shield in (Shield[])[_plain, _grouped, _overridden, _watching])
        {
            BenchmarkShield.CheckAllAdmitted(shield);
        }

        BenchmarkShield.CheckAllRefused(_refusing);
        if (FailedLeases != 0 || _watching.GetStatistics().Dossiers != BenchmarkShield.CallerCount || _overridden.Overrides.Count != BenchmarkShield.CallerCount)
        {
            throw new InvalidOperationException("A limiter refused, or a caller has no dossier or override.");
        }

        foreach (Shield shield in (Shield[])[_plain, _grouped, _refusing, _overridden, _watching])
        {
            shield.Dispose();
        }
    }

    private static CallerHandle[] GetHandles(Shield shield, bool hasGroups = false) =>
        [.. BenchmarkShield.IdentifyCallers(shield).Select((caller, i) => hasGroups
            ? shield.GetHandle(caller, shield.IdentifyCaller($"tenant {i % 4}"), shield.IdentifyCaller($"network {i % 16}"))
            : shield.GetHandle(caller))];

    private void Admit(Shield shield, CallerHandle[] handles)
    {
        int index = _rows.NextIndex();
        Admission = shield.Admit(handles[index], _digests.AsSpan(index, 1));
    }
}
