using BenchmarkDotNet.Attributes;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>The leading 20 log-probabilities of one row of token logits, with each mark of tokens and without.</summary>
/// <remarks>Rows begin anywhere in nine rows of numbers, every call's elsewhere, as no row of a model comes again: where eight rows take
/// turns, the processor learns the branches of the unmarked ones by heart, and not those of rows that a mark makes new.</remarks>
public class TokenMarkBenchmarks : BenchmarkSuite
{
    private const int Rows = 8;
    private const int Tokens = 20;
    private const int Alignment = 16;

    /// <summary>Odd and of no factor 5: all beginnings come before one comes again, and neighbours are far from each other.</summary>
    private const int Stride = 40_503;

    private readonly TokenLogitsPlan _plan = new(Tokens, 2);
    private readonly int[] _context = new int[8];
    private float[] _logits = [];
    private float[] _released = [];
    private TokenWatermark _list = null!;
    private TokenWatermark _selfHashed = null!;
    private TokenWatermark _tournament = null!;
    private int _next;

    [Params(32_000, 131_072)]
    public int Vocabulary { get; set; }

    /// <summary>The standard deviation of the logits.</summary>
    [Params(3)]
    public double Spread { get; set; } = 3;

    /// <summary>Without a mark.</summary>
    [Benchmark(Baseline = true)]
    public void Unmarked() => TokenLogitsHardening.TryHarden(_plan, Next(), _released, out _, out _, out _);

    /// <summary>A green list of a quarter of the vocabulary, by the token before.</summary>
    [Benchmark]
    public void GreenList() => Harden(_list);

    /// <summary>The same by a token's own hash and three before.</summary>
    [Benchmark]
    public void SelfHashed() => Harden(_selfHashed);

    /// <summary>A tournament of thirty rounds.</summary>
    [Benchmark]
    public void Tournament() => Harden(_tournament);

    protected override void Prepare()
    {
        Random random = new(1);
        _logits = [.. Enumerable.Range(0, (Rows + 1) * Vocabulary).Select(_ => (float)(Spread * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
        _released = new float[Vocabulary];
        byte[] bytes = new byte[MarkKey.Size];
        random.NextBytes(bytes);
        using MarkKey key = MarkKey.Import(bytes, "benchmark", "model");
        _list = new TokenWatermark(key, new GreenListMarkOptions { SelfHash = false });
        _selfHashed = new TokenWatermark(key, new GreenListMarkOptions());
        _tournament = new TokenWatermark(key, new TournamentMarkOptions());
    }

    protected override void Finish()
    {
        if (float.IsNegativeInfinity(_released.Max()))
        {
            throw new InvalidOperationException("Nothing was released.");
        }
    }

    private void Harden(TokenWatermark mark)
    {
        _context[^1] = _next;
        TokenLogitsHardening.TryHarden(_plan, mark, _context, Next(), _released, out _, out _, out _);
    }

    private ReadOnlySpan<float> Next()
    {
        int beginnings = Rows * Vocabulary / Alignment;
        return _logits.AsSpan((int)((uint)_next++ * (long)Stride % beginnings) * Alignment, Vocabulary);
    }
}
