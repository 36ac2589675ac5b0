using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>fashion.onnx behind a shield without and with an answer cache: one row a call, one thread, 64 callers and 64 rows take turns.</summary>
public class AnswerCacheBenchmarks : BenchmarkSuite
{
    private Shield _shield = null!;
    private CallerKey[] _callers = null!;
    private RotatingRows _rows = null!;
    private RotatingRows _newRows = null!;
    private ShieldedSession _plain = null!;
    private ShieldedSession _hitting = null!;
    private ShieldedSession _storing = null!;
    private float[] _released = [];
    private float _next;

    /// <summary>Without a cache.</summary>
    [Benchmark(Baseline = true)]
    public void ShieldedRun()
    {
        int row = _rows.NextIndex();
        _plain.Run(_callers[row], _rows[row], _released);
    }

    /// <summary>An answer that is there.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void ShieldedRunHit()
    {
        int row = _rows.NextIndex();
        _hitting.Run(_callers[row], _rows[row], _released);
    }

    /// <summary>A row that nobody has asked yet: looked for, run, kept.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void ShieldedRunStored()
    {
        int row = _newRows.NextIndex();
        _newRows[row][0] = _next++;
        _storing.Run(_callers[row], _newRows[row], _released);
    }

    protected override void Prepare()
    {
        using BenchmarkModelFile file = BenchmarkModel.Open(BenchmarkModel.Fashion);
        BenchmarkModel model = file.Model;
        using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        ShieldedSessionOptions cached = new() { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } };
        _rows = model.MakeRows();
        _newRows = model.MakeRows(); // changed by each call
        _released = new float[model.Classes];
        _shield = BenchmarkShield.Build(model.Output, model.OutputKind);
        _callers = BenchmarkShield.IdentifyCallers(_shield);
        _plain = new ShieldedSession(_shield, model.Path, sessionOptions: options);
        _hitting = new ShieldedSession(_shield, model.Path, cached, options);
        _storing = new ShieldedSession(_shield, model.Path, cached, options);
    }

    protected override void Finish()
    {
        BenchmarkShield.CheckAllAdmitted(_shield);
        AnswerCacheStatistics hitting = _hitting.GetAnswerCacheStatistics();
        AnswerCacheStatistics storing = _storing.GetAnswerCacheStatistics();
        if (hitting.Misses > RotatingRows.Count || storing.Hits > 0 || storing.Skipped > 0)
        {
            throw new InvalidOperationException($"Not what was to be measured: {hitting}, {storing}.");
        }

        _plain.Dispose();
        _hitting.Dispose();
        _storing.Dispose();
        _shield.Dispose();
    }
}
