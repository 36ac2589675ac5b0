using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>Logits to released answers without the shield around it, one row a call: 64 rows take turns.</summary>
public class RoundingBenchmarks : BenchmarkSuite
{
    private static readonly NoiseKey s_noise = new(new byte[NoiseKey.Size]); // no plan here adds any

    private readonly OutputPlan _normal = new("logits", OutputKind.Logits, new HardeningOptions());
    private readonly OutputPlan _labelOnly = new("logits", OutputKind.Logits, new HardeningOptions { Release = Release.LabelOnly });
    private readonly OutputPlan _leading = new("logits", OutputKind.Logits, new HardeningOptions { TopK = 3 });
    private RotatingRows _logits = null!;
    private CarefulRounding _careful = null!;
    private float[] _released = [];
    private float[] _scratch = [];

    [Params(10, 100, 1000)]
    public int Classes { get; set; }

    /// <summary>Two decimals, the default.</summary>
    [Benchmark(Baseline = true)]
    public void Normal() => Harden(_normal);

    [Benchmark]
    public void LabelOnly() => Harden(_labelOnly);

    [Benchmark]
    public void LeadingThree() => Harden(_leading);

    [Benchmark]
    public void Careful() => _careful.Harden(_logits.Next(), _released);

    /// <summary>A LINQ softmax and rounding, without the promises.</summary>
    [Benchmark]
    public void Naive() => _released = NaiveHardening.Harden(_logits.Next());

    /// <summary>What any four passes over the row take: one that reads, three that read and write.</summary>
    [Benchmark]
    public void FourPasses()
    {
        float[] row = _logits.Next();
        TensorPrimitives.Add(row, TensorPrimitives.Max<float>(row), _scratch);
        TensorPrimitives.Multiply(_scratch, 2, _scratch);
        TensorPrimitives.Multiply(_scratch, 3, _released);
    }

    protected override void Prepare()
    {
        _released = new float[Classes];
        _scratch = new float[Classes];
        _logits = RotatingRows.Logits(Classes, seed: 8);
        _careful = new CarefulRounding(Classes);
    }

    /// <summary>Both give the same answers, but for what floats decide otherwise than doubles.</summary>
    protected override void Finish()
    {
        float[] careful = new float[Classes];
        int different = 0;
        foreach (float[] row in _logits.All)
        {
            _careful.Harden(row, careful);
            DistributionHardening.TryHarden(_normal, s_noise, row, _released, out _, out _, out _);
            different += _released.AsSpan().SequenceEqual(careful) ? 0 : 1;
        }

        if (different > RotatingRows.Count / 8)
        {
            throw new InvalidOperationException($"{different} of {RotatingRows.Count} answers differ: something else was measured.");
        }
    }

    private void Harden(OutputPlan plan) => DistributionHardening.TryHarden(plan, s_noise, _logits.Next(), _released, out _, out _, out _);
}
