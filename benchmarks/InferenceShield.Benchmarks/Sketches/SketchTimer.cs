using System.Diagnostics;
using System.Globalization;

namespace InferenceShield.Benchmarks;

/// <summary>Times candidates side by side: in every round each one runs a batch of about 3 ms, and the medians of the
/// rounds are compared, so that whatever else the machine does meets all of them.</summary>
internal sealed class SketchTimer(TextWriter output)
{
    private const int Rounds = 25;
    private static readonly TimeSpan s_batch = TimeSpan.FromMilliseconds(3);

    private readonly List<(string Name, Action<int> Run)> _candidates = [];

    /// <param name="name">What is timed.</param>
    /// <param name="run">Does it as many times as asked.</param>
    public SketchTimer With(string name, Action<int> run)
    {
        _candidates.Add((name, run));
        return this;
    }

    /// <summary>Prints each candidate's median time, bytes per operation, and how much faster it is than the others.</summary>
    public void Run(string title)
    {
        int[] counts = [.. _candidates.Select(candidate => Calibrate(candidate.Run))];
        double[][] times = [.. _candidates.Select(_ => new double[Rounds])];
        long[] bytes = new long[counts.Length];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < counts.Length; i++)
            {
                long allocated = GC.GetAllocatedBytesForCurrentThread();
                long start = Stopwatch.GetTimestamp();
                _candidates[i].Run(counts[i]);
                times[i][round] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / counts[i];
                bytes[i] = (GC.GetAllocatedBytesForCurrentThread() - allocated) / counts[i];
            }
        }

        double[] medians = [.. times.Select(Median)];
        output.WriteLine($"\n{title}");
        for (int i = 0; i < counts.Length; i++)
        {
            string ratios = string.Join("  ", medians.Select(median => (median / medians[i]).ToString("0.00", CultureInfo.InvariantCulture).PadLeft(7)));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {_candidates[i].Name,-46} {medians[i],10:0.00} ns {bytes[i],5} B   {ratios}"));
        }
    }

    // Long enough for the methods to reach their last tier, which takes pauses as well as calls.
    private static int Calibrate(Action<int> run)
    {
        int count = 64;
        for (int phase = 0; phase < 6; phase++)
        {
            Thread.Sleep(200);
            Stopwatch watch = Stopwatch.StartNew();
            long done = 0;
            while (watch.Elapsed < 5 * s_batch)
            {
                run(count);
                done += count;
            }

            count = (int)Math.Clamp(done * (s_batch / watch.Elapsed), 1, 50_000_000);
        }

        return count;
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
