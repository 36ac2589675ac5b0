using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>The default answers of an embedding with the default direction mark and without it, and rows of tokens with a green list, one row a call: 64 rows take turns.</summary>
public class VectorMarkBenchmarks : BenchmarkSuite
{
    private const int CountedRows = 100;

    private readonly int[] _context = [1, 2, 3, 4, 5];
    private Shield _plain = null!;
    private Shield _marking = null!;
    private Shield _tokens = null!;
    private RotatingRows _plainRows = null!;
    private RotatingRows _markedRows = null!;
    private RotatingRows _logits = null!;
    private float[] _released = [];
    private Admission _unmarked;
    private Admission _marked;
    private Admission _sampled;

    /// <summary>Numbers in an embedding; the tokens' vocabulary has as many.</summary>
    [Params(64, 384, 768)]
    public int Dimension { get; set; }

    [Benchmark(Baseline = true)]
    public void HardenUnmarked() => _plain.Harden(in _unmarked, _plainRows.Next(), _released, Dimension);

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void HardenMarked() => _marking.Harden(in _marked, _markedRows.Next(), _released, Dimension);

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void HardenMarkedTokens() => _tokens.Harden(in _sampled, _context, _logits.Next(), _released);

    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void MarkTokens()
    {
        _logits.Next().CopyTo(_released, 0);
        _tokens.MarkTokens(in _sampled, _context, _released);
    }

    protected override void Prepare()
    {
        _released = new float[Dimension];
        _plainRows = RotatingRows.Logits(Dimension, seed: 4);
        _markedRows = RotatingRows.Logits(Dimension, seed: 4);
        _logits = RotatingRows.Logits(Dimension, seed: 5);
        _plain = Build(OutputKind.Embedding, watermark: null, out _unmarked);
        _marking = Build(OutputKind.Embedding, new WatermarkOptions { Direction = new DirectionMarkOptions() }, out _marked);
        _tokens = Build(OutputKind.TokenLogits, new WatermarkOptions { GreenList = new GreenListMarkOptions() }, out _sampled);
        for (int i = 0; i < CountedRows; i++)
        {
            HardenMarked();
            HardenMarkedTokens();
            MarkTokens();
        }

        if (_marking.GetUtility().Marked != CountedRows || _tokens.GetUtility().Marked != 2 * CountedRows)
        {
            throw new InvalidOperationException($"{_marking.GetUtility().Marked} embeddings and {_tokens.GetUtility().Marked} rows of tokens are marked; the benchmark is to measure marks in all of them.");
        }
    }

    protected override void Finish()
    {
        _plain.Dispose();
        _marking.Dispose();
        _tokens.Dispose();
    }

    private static Shield Build(OutputKind kind, WatermarkOptions? watermark, out Admission admission)
    {
        Shield shield = BenchmarkShield.Build("vector", kind, BenchmarkShield.Widest(), options => options.Hardening.Watermark = watermark);
        admission = shield.Admit(shield.IdentifyCaller("a caller"), new byte[1]);
        return shield;
    }
}
