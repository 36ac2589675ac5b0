using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;
using InferenceShield.Numerics;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>What is read of a row of input for marks that live in inputs, beside the keyed digest of the same row.</summary>
public class InputMarkBenchmarks : BenchmarkSuite
{
    private const int Learned = 100;

    private MarkKey _key = null!;
    private float[] _row = [];
    private InputMarks _cosine = null!;
    private InputMarks _traps = null!;
    private MarkInputReader _all = null!;

    [Params(784, 150_528)]
    public int InputLength { get; set; }

    /// <summary>Kept, so that reading is not left out.</summary>
    public double Projection { get; private set; }

    /// <summary>See <see cref="Projection"/>.</summary>
    public int Trap { get; private set; }

    [Benchmark(Baseline = true)]
    public ulong Digest() => MarkDigest.OfExact(_key.Inputs, _row).Low;

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void ReadCosine() => Projection = _cosine.Read(_row).Projection;

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void ReadTraps() => Trap = _traps.Read(_row).Trap;

    [Benchmark]
    public double ReadMarkInput() => _all.Read(_row).Projection;

    protected override void Prepare()
    {
        _key = MarkKey.Import(new byte[MarkKey.Size], "benchmark", "model");
        KeyedGaussians gaussians = new(new byte[CounterRandom.KeySize]);
        double[] values = new double[InputLength];
        float[] rows = new float[Learned * InputLength];
        for (int row = 0; row < Learned; row++)
        {
            gaussians.Fill((ulong)row, values);
            for (int i = 0; i < InputLength; i++)
            {
                rows[(row * InputLength) + i] = (float)values[i];
            }
        }

        InputSpace space = InputSpace.Learn(rows, InputLength);
        _row = rows[..InputLength];
        _cosine = new InputMarks(_key, space, traps: false);
        _traps = new InputMarks(_key, space, cosine: false);
        _all = new MarkInputReader(_key, new InputMarks(_key, space, payload: true), inputStep: 0);
    }

    protected override void Finish() => _key.Dispose();
}
