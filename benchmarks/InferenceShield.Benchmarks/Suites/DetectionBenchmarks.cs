using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Detection;
using InferenceShield.Benchmarks.Support;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>fashion.onnx behind a shield with and without detection: one row a call, one thread, 64 callers and 64 rows take turns.</summary>
/// <remarks>With detection each row is hardened as in every posture as well.</remarks>
public class DetectionBenchmarks : BenchmarkSuite
{
    private static readonly byte[] s_input = new byte[8];

    private readonly string _calibration = Path.GetTempFileName();
    private Shield _plain = null!;
    private Shield _watching = null!;
    private CallerKey[] _callers = null!;
    private CallerKey[] _watched = null!;
    private RotatingRows _rows = null!;
    private ShieldedSession _session = null!;
    private ShieldedSession _watchedSession = null!;
    private float[] _released = [];
    private float[] _clean = [];

    /// <summary>Without detection.</summary>
    [Benchmark(Baseline = true)]
    public void ShieldedRun()
    {
        int row = _rows.NextIndex();
        _session.Run(_callers[row], _rows[row], _released);
    }

    /// <summary>With detection.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void ShieldedRunWatched()
    {
        int row = _rows.NextIndex();
        _watchedSession.Run(_watched[row], _rows[row], _released);
    }

    /// <summary>Around spans: admit, observe, harden, without a model.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AdmitObserveHarden()
    {
        int row = _rows.NextIndex();
        Admission admission = _watching.Admit(_watched[row], s_input);
        _watching.Observe(in admission, _rows[row], _clean, 10);
        _watching.Harden(in admission, _clean, _released, 10);
    }

    protected override void Prepare()
    {
        using BenchmarkModelFile file = BenchmarkModel.Open(BenchmarkModel.Fashion);
        BenchmarkModel model = file.Model;
        using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        using (ShieldSecret secret = ShieldSecrets.FromBytes(SHA256.HashData("InferenceShield benchmarks"u8)).GetSecret())
        using (FileStream stream = File.Create(_calibration))
        {
            DetectionSample.Fashion(secret).Calibration.Save(stream, "benchmark", secret);
        }

        _rows = model.MakeRows();
        _released = new float[model.Classes];
        _clean = [.1f, .05f, .5f, .05f, .05f, .05f, .05f, .05f, .05f, .05f];
        _plain = BenchmarkShield.Build(model.Output, model.OutputKind);
        _watching = BenchmarkShield.Build(model.Output, model.OutputKind, BenchmarkShield.Widest(), shield =>
        {
            shield.Detection.CalibrationFile = _calibration;
            shield.Postures.Mode = PostureMode.Observe; // the rows repeat, which no honest caller's do
        });
        _callers = BenchmarkShield.IdentifyCallers(_plain);
        _watched = BenchmarkShield.IdentifyCallers(_watching);
        _session = new ShieldedSession(_plain, model.Path, sessionOptions: options);
        _watchedSession = new ShieldedSession(_watching, model.Path, sessionOptions: options);
    }

    protected override void Finish()
    {
        BenchmarkShield.CheckAllAdmitted(_plain);
        BenchmarkShield.CheckAllAdmitted(_watching);
        if (_watching.Detection!.Statistics.Observed < _watching.GetStatistics().Hardened)
        {
            throw new InvalidOperationException("Queries were answered and not observed.");
        }

        _session.Dispose();
        _watchedSession.Dispose();
        _plain.Dispose();
        _watching.Dispose();
        File.Delete(_calibration);
    }
}
