using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>The default answers to guarded and restricted callers, one row a call: 64 rows take turns.</summary>
public class PostureBenchmarks : BenchmarkSuite
{
    private static readonly NoiseKey s_noise = new(new byte[NoiseKey.Size]); // no plan here adds any

    private Shield _shield = null!;
    private RotatingRows _logits = null!;
    private CarefulHardening _careful = null!;
    private OutputPlan _bands = null!;
    private OutputPlan _labelOnly = null!;
    private float[] _released = [];
    private Admission _guarded;
    private Admission _restricted;

    [Params(10, 1000)]
    public int Classes { get; set; }

    public float[] CarefulAnswer { get; private set; } = [];

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void HardenGuarded() => _shield.Harden(in _guarded, _logits.Next(), _released, Classes);

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void HardenRestricted() => _shield.Harden(in _restricted, _logits.Next(), _released, Classes);

    [Benchmark]
    public void CarefulGuarded() => CarefulAnswer = _careful.ReleaseBands(_logits.Next());

    [Benchmark]
    public void CarefulRestricted() => CarefulAnswer = CarefulHardening.ReleaseLabel(_logits.Next());

    /// <summary>The plan by itself: no admission checked, no answer counted.</summary>
    [Benchmark]
    public void PlanGuarded() => DistributionHardening.TryHarden(_bands, s_noise, _logits.Next(), _released, out _, out _, out _);

    /// <summary>The plan by itself.</summary>
    [Benchmark]
    public void PlanRestricted() => DistributionHardening.TryHarden(_labelOnly, s_noise, _logits.Next(), _released, out _, out _, out _);

    protected override void Prepare()
    {
        _released = new float[Classes];
        _logits = RotatingRows.Logits(Classes, seed: 8);
        _careful = new CarefulHardening(Classes);
        _bands = new OutputPlan("logits", OutputKind.Logits, new HardeningOptions { Release = Release.Bands }, bands: new BandSource([0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]));
        _labelOnly = new OutputPlan("logits", OutputKind.Logits, new HardeningOptions { Release = Release.LabelOnly });
        _shield = BenchmarkShield.Build("logits", OutputKind.Logits);
        _guarded = Admit(Posture.Guarded);
        _restricted = Admit(Posture.Restricted);
        foreach (float[] logits in _logits.All)
        {
            RequireSame(in _guarded, logits, _careful.ReleaseBands(logits));
            RequireSame(in _restricted, logits, CarefulHardening.ReleaseLabel(logits));
        }
    }

    protected override void Finish()
    {
        BenchmarkShield.CheckAllAdmitted(_shield);
        _shield.Dispose();
    }

    private Admission Admit(Posture posture)
    {
        CallerKey caller = _shield.IdentifyCaller("a " + posture);
        _shield.Overrides.Set(caller, new CallerOverride { Posture = posture });
        return _shield.Admit(caller, new byte[1]);
    }

    private void RequireSame(in Admission admission, float[] logits, float[] careful)
    {
        _shield.Harden(in admission, logits, _released, Classes);
        if (!_released.AsSpan().SequenceEqual(careful))
        {
            throw new InvalidOperationException("The two do not release the same answer; the benchmark is to measure the same work.");
        }
    }
}
