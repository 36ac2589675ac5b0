using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;
using InferenceShield.Numerics;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>A tenant's secret transform of one embedding: the structured one against a dense orthogonal matrix. 64 vectors take turns.</summary>
public class EmbeddingBenchmarks : BenchmarkSuite
{
    private const int Vectors = 64;

    private readonly SipHashKey _key = new(new byte[SipHashKey.Size]);
    private readonly EmbeddingPlan _plan = new(0.02, 3);
    private EmbeddingTransform _transform = null!;
    private float[] _vectors = [];
    private float[] _matrix = [];
    private float[] _transformed = [];
    private int _next;

    [Params(384, 768, 1536)]
    public int Dimension { get; set; }

    /// <summary>A row of the matrix times the vector, for each row.</summary>
    [Benchmark(Baseline = true)]
    public void Dense()
    {
        ReadOnlySpan<float> vector = Next();
        for (int row = 0; row < Dimension; row++)
        {
            _transformed[row] = TensorPrimitives.Dot(_matrix.AsSpan(row * Dimension, Dimension), vector);
        }
    }

    /// <summary>The structured transform.</summary>
    [Benchmark]
    public void Apply() => _transform.Apply(Next(), _transformed);

    /// <summary>Its inverse.</summary>
    [Benchmark]
    public void Invert() => _transform.Invert(Next(), _transformed);

    /// <summary>Cell, noise and rounding.</summary>
    [Benchmark]
    public void Harden() => EmbeddingHardening.TryHarden(_plan, _key, null, Next(), _transformed, out _);

    /// <summary>Cell, noise, transform and rounding.</summary>
    [Benchmark]
    public void HardenAndApply() => EmbeddingHardening.TryHarden(_plan, _key, _transform, Next(), _transformed, out _);

    protected override void Prepare()
    {
        Random random = new(1);
        _vectors = [.. Enumerable.Range(0, Vectors * Dimension).Select(_ => (random.NextSingle() - 0.5f) / MathF.Sqrt(Dimension))];
        _transformed = new float[Dimension];
        _matrix = new float[Dimension * Dimension];
        using ShieldSecret secret = new([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
        _transform = new EmbeddingTransform(secret, "model", "tenant", Dimension);

        // The same transform, written out.
        for (int column = 0; column < Dimension; column++)
        {
            float[] unit = new float[Dimension];
            unit[column] = 1;
            _transform.Apply(unit, unit);
            for (int row = 0; row < Dimension; row++)
            {
                _matrix[(row * Dimension) + column] = unit[row];
            }
        }

        Dense();
        float[] dense = [.. _transformed];
        _next = 0;
        Apply();
        if (TensorPrimitives.Distance<float>(dense, _transformed) > 1e-4f)
        {
            throw new InvalidOperationException("The dense matrix and the structured transform do not do the same.");
        }
    }

    protected override void Finish()
    {
    }

    private ReadOnlySpan<float> Next() => _vectors.AsSpan((_next++ & (Vectors - 1)) * Dimension, Dimension);
}
