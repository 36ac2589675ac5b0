using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;
using InferenceShield.Numerics;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>Noise on an answer: softmax at a temperature of 1.5, noise of 1e-3, four decimals, sum 1. Rows take turns.</summary>
public class NoiseBenchmarks : BenchmarkSuite
{
    private const float Temperature = 1.5f;
    private const float Scale = 1e-3f;
    private const int Decimals = 4;
    private const int Units = 10_000;
    private const double Budget = 0.2;

    private readonly NoiseKey _key = new([.. Enumerable.Range(1, NoiseKey.Size).Select(value => (byte)value)]);
    private float[][] _rows = [];
    private double[][] _distributions = [];
    private int[] _tops = [];
    private NaiveNoise _naive = new(1);
    private OutputPlan _plan = new("answers", OutputKind.Logits, new HardeningOptions());
    private double[] _distribution = [];
    private double[] _noise = [];
    private float[] _released = [];
    private int _next;

    [Params(10, 100, 1000, 32_768, 131_072)]
    public int Classes { get; set; }

    public float[]? Linq { get; private set; }

    protected override void Prepare()
    {
        Random random = new(1);
        int count = Math.Clamp((1 << 18) / Classes, 2, 64);
        count = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count);
        _rows = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Classes).Select(_ => (16 * random.NextSingle()) - 8).ToArray())];
        _distributions = [.. _rows.Select(row =>
        {
            double[] weights = [.. row.Select(logit => Math.Exp(logit / Temperature))];
            double sum = weights.Sum();
            return Array.ConvertAll(weights, weight => weight / sum);
        })];
        _tops = [.. _rows.Select(row => Array.IndexOf(row, row.Max()))];
        _naive = new NaiveNoise(Classes);
        _plan = new OutputPlan("answers", OutputKind.Logits, new HardeningOptions { Temperature = Temperature, KeyedNoiseBudget = Budget, Decimals = 4 });
        _distribution = new double[Classes];
        _noise = new double[Classes];
        _released = new float[Classes];
    }

    [Benchmark(Baseline = true)]
    public void FusedUniform() => Fused(NoiseKind.Uniform);

    [Benchmark]
    public void FusedLaplace() => Fused(NoiseKind.Laplace);

    [Benchmark]
    public void FusedGaussian() => Fused(NoiseKind.Gaussian);

    /// <summary>The noise step of the library alone, on a distribution that is there: budget, cell and all promises, in double.</summary>
    [Benchmark]
    public void StepUniform() => Step(NoiseKind.Uniform);

    [Benchmark]
    public void StepGaussian() => Step(NoiseKind.Gaussian);

    /// <summary>All of it as released: checks, softmax, uniform noise under a budget, rounding on the grid to a sum of exactly 1.</summary>
    [Benchmark]
    public void Full() => DistributionHardening.TryHarden(_plan, _key, Next(), _released, out _, out _, out _);

    [Benchmark]
    public void LinqGaussian() => Linq = NaiveNoise.Linq(Next(), Temperature, Scale, Units);

    [Benchmark]
    public void LoopGaussian() => NaiveNoise.LoopGaussian(Next(), Temperature, Scale, Units, _released);

    [Benchmark]
    public void LoopUniform() => NaiveNoise.LoopUniform(Next(), Temperature, Scale, Units, _released);

    [Benchmark]
    public void Tensors() => _naive.Tensors(Next(), Temperature, Units, _released);

    /// <summary>What was timed last is a distribution with its leader in front.</summary>
    protected override void Finish()
    {
        FusedUniform();
        double sum = _released.Sum(value => (double)value);
        int leader = Array.IndexOf(_released, _released.Max());
        if (Math.Abs(sum - 1) > 1e-6 || leader != _tops[(_next - 1) & (_rows.Length - 1)])
        {
            throw new InvalidOperationException($"An answer sums to {sum}, or class {leader} should not lead it.");
        }
    }

    private float[] Next() => _rows[_next++ & (_rows.Length - 1)];

    private void Fused(NoiseKind kind) => HardeningSteps.NoisySoftmax(Next(), _released, Scale, Decimals, _key, kind, Temperature);

    private void Step(NoiseKind kind)
    {
        int row = _next++ & (_rows.Length - 1);
        _distributions[row].CopyTo(_distribution, 0);
        KeyedNoise.Apply(_distribution, _tops[row], Budget, kind, _key, _key.HashOutput(_distribution, _tops[row]), _noise);
    }
}
