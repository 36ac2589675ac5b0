using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>The leading 20 log-probabilities of one row of token logits, two decimals. 8 rows take turns.</summary>
public class TokenLogitsBenchmarks : BenchmarkSuite
{
    private const int Rows = 8;
    private const int Tokens = 20;

    private readonly TokenLogitsPlan _plan = new(Tokens, 2);
    private readonly int[] _tokens = new int[Tokens];
    private readonly float[] _logProbabilities = new float[Tokens];
    private float[] _logits = [];
    private float[] _released = [];
    private float[] _sorted = [];
    private int[] _order = [];
    private int _next;

    [Params(32_000, 131_072)]
    public int Vocabulary { get; set; }

    /// <summary>By hand: log-softmax with TensorPrimitives, then a sort of all tokens.</summary>
    [Benchmark(Baseline = true)]
    public void Sort()
    {
        LogSoftmax(Next());
        for (int i = 0; i < _order.Length; i++)
        {
            _order[i] = i;
        }

        _released.CopyTo(_sorted, 0);
        Array.Sort(_sorted, _order);
        Array.Fill(_released, float.NegativeInfinity);
        for (int i = 0; i < Tokens; i++)
        {
            _released[_order[^(i + 1)]] = MathF.Round(_sorted[^(i + 1)], 2);
        }
    }

    /// <summary>Log-softmax alone, without any selection.</summary>
    [Benchmark]
    public void LogSoftmaxOnly() => LogSoftmax(Next());

    /// <summary>Four passes that read and write a row: what memory alone costs a fused chain of four steps.</summary>
    [Benchmark]
    public void FourPasses()
    {
        ReadOnlySpan<float> row = Next();
        TensorPrimitives.Multiply(row, 1.25f, _released);
        TensorPrimitives.Multiply(_released, 1.25f, _released);
        TensorPrimitives.Multiply(_released, 1.25f, _released);
        TensorPrimitives.Multiply(_released, 1.25f, _released);
    }

    /// <summary>A row of the same shape.</summary>
    [Benchmark]
    public void Harden() => TokenLogitsHardening.TryHarden(_plan, Next(), _released, out _, out _, out _);

    /// <summary>Pairs of token and log-probability.</summary>
    [Benchmark]
    public void Select() => TokenLogitsHardening.TrySelect(_plan, Next(), _tokens, _logProbabilities, out _, out _);

    protected override void Prepare()
    {
        Random random = new(1);
        _logits = [.. Enumerable.Range(0, Rows * Vocabulary).Select(_ => (float)(3 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
        _released = new float[Vocabulary];
        _sorted = new float[Vocabulary];
        _order = new int[Vocabulary];
        Sort();
        int expected = Array.IndexOf(_released, _released.Max());
        _next = 0;
        Select();
        if (_tokens[0] != expected)
        {
            throw new InvalidOperationException("Sorting and selecting do not find the same token.");
        }
    }

    protected override void Finish()
    {
    }

    private void LogSoftmax(ReadOnlySpan<float> row)
    {
        float largest = TensorPrimitives.Max(row);
        TensorPrimitives.Subtract(row, largest, _released);
        TensorPrimitives.Exp(_released, _sorted);
        TensorPrimitives.Subtract(_released, MathF.Log(TensorPrimitives.Sum<float>(_sorted)), _released);
    }

    private ReadOnlySpan<float> Next() => _logits.AsSpan((_next++ & (Rows - 1)) * Vocabulary, Vocabulary);
}
