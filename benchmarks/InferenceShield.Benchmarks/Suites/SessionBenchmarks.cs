using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>A model bare and behind a shield: one row a call, one thread, 64 callers and 64 rows take turns.</summary>
public class SessionBenchmarks : BenchmarkSuite
{
    private Shield _shield = null!;
    private CallerKey[] _callers = null!;
    private RotatingRows _rows = null!;
    private ShieldedSession _shielded = null!;
    private BareSession _bare = null!;
    private float[] _released = [];

    [Params(BenchmarkModel.MatMul, BenchmarkModel.Fashion, BenchmarkModel.FashionCnn)]
    public string Model { get; set; } = BenchmarkModel.MatMul;

    public Admission Admission { get; private set; }

    /// <summary>InferenceSession.Run with inputs made beforehand and preallocated outputs.</summary>
    [Benchmark(Baseline = true)]
    public void Run() => _bare.Run();

    /// <summary>InferenceSession.RunWithBinding on one binding, each row copied into its input.</summary>
    [Benchmark]
    public void RunWithBinding() => _bare.RunBound();

    /// <summary>ShieldedSession.Run: admits, runs and hardens.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void ShieldedRun() => ShieldedRun(_rows.NextIndex());

    protected override void Prepare()
    {
        using BenchmarkModelFile file = BenchmarkModel.Open(Model);
        BenchmarkModel model = file.Model;
        using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        _rows = model.MakeRows();
        _released = new float[model.Classes];
        _shield = BenchmarkShield.Build(model.Output, model.OutputKind);
        _callers = BenchmarkShield.IdentifyCallers(_shield);

        // The shielded session comes first: it turns the runtime's telemetry off.
        _shielded = new ShieldedSession(_shield, model.Path, sessionOptions: options);
        _bare = new BareSession(model, _rows, options);
        CheckLabels();
    }

    protected override void Finish()
    {
        BenchmarkShield.CheckAllAdmitted(_shield);
        _bare.Dispose();
        _shielded.Dispose();
        _shield.Dispose();
    }

    private void ShieldedRun(int row) => Admission = _shielded.Run(_callers[row], _rows[row], _released);

    /// <summary>Both sides answer the same question.</summary>
    private void CheckLabels()
    {
        for (int row = 0; row < RotatingRows.Count; row++)
        {
            _bare.Run(row);
            ShieldedRun(row);
            if (_bare.Output.IndexOf(_bare.Output.Max()) != _released.IndexOf(_released.Max()))
            {
                throw new InvalidOperationException($"{Model}: row {row} has another label behind the shield.");
            }
        }
    }
}
