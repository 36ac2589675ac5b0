using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;
using InferenceShield.Tests;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>The answer of least information, one row a call: 64 confident rows take turns.</summary>
public class LeastInformationBenchmarks : BenchmarkSuite
{
    private double[][] _rows = [];
    private float[][] _floats = [];
    private int[] _tops = [];
    private double[] _answer = [];
    private float[] _floatAnswer = [];
    private double[] _row = [];
    private double[] _values = [];
    private double[] _costs = [];
    private int[] _classes = [];
    private int _next;

    [Params(10, 100)]
    public int Classes { get; set; }

    [Params(0.2, 1)]
    public double Budget { get; set; }

    public double[]? SlowAnswer { get; private set; }

    /// <summary>The share of rows for which a single move is the optimum.</summary>
    public double SingleMoves { get; private set; }

    private LeastInformationScratch Scratch => new(_values, _costs, _classes);

    [Benchmark(Baseline = true)]
    public void Exact()
    {
        int i = Next();
        LeastInformation.Apply(_rows[i], _tops[i], Budget, _answer, Scratch);
    }

    [Benchmark]
    public void ExactFloats()
    {
        int i = Next();
        LeastInformation.Apply(_floats[i], _tops[i], Budget, _floatAnswer, _row, Scratch);
    }

    /// <summary>Also where a single move would do.</summary>
    [Benchmark]
    public void Search()
    {
        int i = Next();
        TransferSearch.Apply(_rows[i], _tops[i], Budget / 2, _answer, Scratch);
    }

    /// <summary>The reference's 60 steps.</summary>
    [Benchmark]
    public void Ternary()
    {
        int i = Next();
        SlowAnswer = SlowLeastInformation.ByTernarySearch(_rows[i], _tops[i], Budget);
    }

    /// <summary>A program an answer: from the clean row, by Dantzig's rule, a few pivots of a dense tableau.</summary>
    [Benchmark]
    public void LinearProgram()
    {
        int i = Next();
        SlowAnswer = SlowLeastInformation.ByLinearProgram(_rows[i], _tops[i], Budget, largestFirst: true);
    }

    /// <summary>As published, and with a textbook's solver: two phases, Bland's rule.</summary>
    [Benchmark]
    public void PublishedProgram()
    {
        int i = Next();
        SlowAnswer = SlowLeastInformation.ByPublishedProgram(_rows[i], _tops[i], Budget);
    }

    protected override void Prepare()
    {
        RotatingRows rows = RotatingRows.Probabilities(Classes, seed: 8);
        _floats = [.. rows.All];
        _rows = [.. rows.All.Select(row => row.Select(value => (double)value).ToArray()).Select(row => row.Select(value => value / row.Sum()).ToArray())];
        _tops = [.. _rows.Select(row => Array.IndexOf(row, row.Max()))];
        _answer = new double[Classes];
        _floatAnswer = new float[Classes];
        _row = new double[Classes];
        _values = new double[Classes];
        _costs = new double[Classes];
        _classes = new int[Classes];
        int single = 0;
        for (int i = 0; i < _rows.Length; i++)
        {
            LeastInformation.Apply(_rows[i], _tops[i], Budget, _answer, Scratch);
            single += _answer.Zip(_rows[i]).Count(pair => pair.First != pair.Second) == 2 && _answer[_tops[i]] < _rows[i][_tops[i]] ? 1 : 0;
        }

        SingleMoves = (double)single / _rows.Length;
    }

    /// <summary>All ways lead to answers of the same worth, or something else was measured.</summary>
    protected override void Finish()
    {
        for (int i = 0; i < 4; i++)
        {
            LeastInformation.Apply(_rows[i], _tops[i], Budget, _answer, Scratch);
            double objective = SlowLeastInformation.Objective(_rows[i], _answer);
            double ternary = SlowLeastInformation.Objective(_rows[i], SlowLeastInformation.ByTernarySearch(_rows[i], _tops[i], Budget));
            if (!(objective <= ternary + 1e-9))
            {
                throw new InvalidOperationException($"Row {i}: {objective:R}, but the ternary search finds {ternary:R}.");
            }
        }
    }

    private int Next() => _next = (_next + 1) % _rows.Length;
}
