using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Suites;

/// <summary>Who asks, and may they: 64 callers and 64 inputs take turns.</summary>
public class AdmissionBenchmarks : BenchmarkSuite
{
    private const string Output = "probabilities";
    private const int RowLength = 64;
    private const int ImageLength = 28 * 28;
    private const int BatchRows = 16;

    private readonly string[] _names = BenchmarkShield.CallerNames();
    private readonly RotatingRows _rows = RotatingRows.Uniform(RowLength, seed: 5);
    private readonly RotatingRows _images = RotatingRows.Uniform(ImageLength, seed: 6);
    private readonly RotatingRows _batches = RotatingRows.Uniform(RowLength * BatchRows, seed: 7);
    private readonly NaiveAdmission _naive = new(queriesPerSecond: 1e6, burst: 1e6);
    private Shield _admitting = null!;
    private Shield _refusing = null!;
    private CallerKey[] _callers = null!;

    public CallerKey Caller { get; private set; }

    public Admission Admission { get; private set; }

    public long NaiveRefusals { get; private set; }

    /// <summary>A dictionary of token buckets by name, and SHA-256 of the input.</summary>
    [Benchmark(Baseline = true)]
    public void Naive()
    {
        int index = _rows.NextIndex();
        NaiveRefusals += _naive.TryAdmit(_names[index], _rows[index]) ? 0 : 1;
    }

    /// <summary>The keyed hash of a name of 36 characters.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void IdentifyCaller() => Caller = _admitting.IdentifyCaller(_names[_rows.NextIndex()]);

    /// <summary>A caller whose key the host has kept, and a row of 64 numbers.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void Admit() => Admit(_admitting, _rows, 1);

    /// <summary>The same from the caller's name.</summary>
    [Benchmark]
    public void IdentifyAndAdmit()
    {
        int index = _rows.NextIndex();
        Admission = _admitting.Admit(_admitting.IdentifyCaller(_names[index]), MemoryMarshal.AsBytes<float>(_rows[index]));
    }

    /// <summary>A caller over quota.</summary>
    [Benchmark]
    [BenchmarkCategory(Gate)]
    public void AdmitRefused() => Admit(_refusing, _rows, 1);

    /// <summary>A row of 784 numbers.</summary>
    [Benchmark]
    public void AdmitImage() => Admit(_admitting, _images, 1);

    /// <summary>16 rows of 64 numbers in one call.</summary>
    [Benchmark]
    public void AdmitBatch() => Admit(_admitting, _batches, BatchRows);

    protected override void Prepare()
    {
        _admitting = BenchmarkShield.Build(Output, OutputKind.Probabilities);
        _refusing = BenchmarkShield.BuildRefusing(Output, OutputKind.Probabilities);
        _callers = BenchmarkShield.IdentifyCallers(_admitting);
        foreach (CallerKey caller in _callers)
        {
            _refusing.Admit(caller, MemoryMarshal.AsBytes<float>(_rows[0]));
        }
    }

    protected override void Finish()
    {
        BenchmarkShield.CheckAllAdmitted(_admitting);
        BenchmarkShield.CheckAllRefused(_refusing);
        if (NaiveRefusals != 0)
        {
            throw new InvalidOperationException($"The naive admission refused {NaiveRefusals:N0} queries.");
        }

        _admitting.Dispose();
        _refusing.Dispose();
    }

    private void Admit(Shield shield, RotatingRows rows, int count)
    {
        int index = rows.NextIndex();
        Admission = shield.Admit(_callers[index], MemoryMarshal.AsBytes<float>(rows[index]), count);
    }
}
