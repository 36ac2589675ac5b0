using System.Diagnostics;

namespace InferenceShield.Benchmarks.Fingerprints;

/// <summary>Times candidates side by side: round-robin in short batches, median over rounds, ratios within one run.</summary>
/// <remarks>Batches of a quarter of a millisecond mostly run without interruption even where other processes want the same
/// cores, so the median is that of uninterrupted ones. Keep single calls shorter than a millisecond.</remarks>
internal sealed class RatioTimer
{
    private readonly List<(string Name, Action<int> Run, int Batch)> _candidates = [];

    /// <summary>Adds a candidate.</summary>
    /// <param name="name">Its name in the table.</param>
    /// <param name="run">Takes a call's number, so that inputs can rotate.</param>
    public void Add(string name, Action<int> run)
    {
        // Enough calls for the last tier of compilation, with the pauses in which it happens.
        int number = 0;
        for (int phase = 0; phase < 5; phase++)
        {
            long until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 50);
            do
            {
                run(number++);
            }
            while (Stopwatch.GetTimestamp() < until);
            Thread.Sleep(120);
        }

        long start = Stopwatch.GetTimestamp();
        int calls = 0;
        do
        {
            run(number++);
            calls++;
        }
        while (Stopwatch.GetElapsedTime(start).TotalMicroseconds < 250);
        _candidates.Add((name, run, calls));
    }

    /// <summary>Median nanoseconds a call of each candidate, in the order they were added.</summary>
    public double[] Measure(int rounds)
    {
        double[][] samples = [.. _candidates.Select(_ => new double[rounds])];
        int number = 0;
        for (int round = 0; round < rounds; round++)
        {
            for (int c = 0; c < _candidates.Count; c++)
            {
                (_, Action<int> run, int batch) = _candidates[c];
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < batch; i++)
                {
                    run(number++);
                }

                samples[c][round] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / batch;
            }
        }

        return [.. samples.Select(Median)];
    }

    /// <summary>Bytes that calls allocate on this thread, over many of them.</summary>
    public static long AllocatedBytes(Action<int> run, int calls)
    {
        run(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < calls; i++)
        {
            run(i);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
