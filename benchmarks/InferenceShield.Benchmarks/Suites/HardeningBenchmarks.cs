using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>From clean scores to the released answer, one row a call: 64 rows take turns.</summary>
public class HardeningBenchmarks : BenchmarkSuite
{
    private Shield _logitsShield = null!;
    private Shield _probabilitiesShield = null!;
    private RotatingRows _logits = null!;
    private RotatingRows _probabilities = null!;
    private float[] _released = [];
    private Admission _logitsAdmission;
    private Admission _probabilitiesAdmission;

    [Params(2, 10, 100, 1000)]
    public int Classes { get; set; }

    public float[] NaiveAnswer { get; private set; } = [];

    /// <summary>A LINQ softmax, rounded to two decimals.</summary>
    [Benchmark(Baseline = true)]
    public void Naive() => NaiveAnswer = NaiveHardening.Harden(_logits.Next());

    /// <summary>The default plan on logits.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void HardenLogits() => _logitsShield.Harden(in _logitsAdmission, _logits.Next(), _released, Classes);

    /// <summary>The default plan on probabilities.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void HardenProbabilities() => _probabilitiesShield.Harden(in _probabilitiesAdmission, _probabilities.Next(), _released, Classes);

    protected override void Prepare()
    {
        _released = new float[Classes];
        _logits = RotatingRows.Logits(Classes, seed: 8);
        _probabilities = RotatingRows.Probabilities(Classes, seed: 8);
        _logitsShield = BenchmarkShield.Build("logits", OutputKind.Logits);
        _probabilitiesShield = BenchmarkShield.Build("probabilities", OutputKind.Probabilities);
        _logitsAdmission = _logitsShield.Admit(_logitsShield.IdentifyCaller("caller"), new byte[1]);
        _probabilitiesAdmission = _probabilitiesShield.Admit(_probabilitiesShield.IdentifyCaller("caller"), new byte[1]);
    }

    protected override void Finish()
    {
        BenchmarkShield.CheckAllAdmitted(_logitsShield);
        BenchmarkShield.CheckAllAdmitted(_probabilitiesShield);
        _logitsShield.Dispose();
        _probabilitiesShield.Dispose();
    }
}
