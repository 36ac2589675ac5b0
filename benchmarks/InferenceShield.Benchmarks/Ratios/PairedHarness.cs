using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace InferenceShield.Benchmarks.Ratios;

/// <summary>Times the candidates of a group side by side, so that whatever slows the machine down slows all of them.</summary>
/// <remarks>
/// Warm-up in phases, with pauses in which the runtime compiles what it has seen to be hot. Then rounds, in each of
/// which every candidate runs one short batch, after some calls that do not count (the candidate before it left its own
/// model and its own branches in the caches). Who goes first changes from round to round. A batch during which the
/// operating system gave the processor to somebody else is run again, a few times at most. Ratios are those of the
/// medians; the spread is that of the ratios of single rounds.
/// </remarks>
internal static class PairedHarness
{
    private const int WarmUpPhases = 6;
    private const int Rounds = 151;

    private static readonly TimeSpan s_warmUpTime = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan s_warmUpPause = TimeSpan.FromMilliseconds(220);
    private static readonly TimeSpan s_batchTime = TimeSpan.FromMilliseconds(3);

    public static GroupTimes Measure(RatioGroup group)
    {
        group.Suite.SetUp();
        Batch[] batches = [.. group.Candidates.Select(candidate => new Batch(candidate.Operation, candidate.Calls))];
        for (int phase = 0; phase < WarmUpPhases; phase++)
        {
            foreach (Batch batch in batches)
            {
                batch.WarmUp(s_warmUpTime);
            }

            Thread.Sleep(s_warmUpPause);
        }

        GC.Collect(); // see AllocationCounter
        for (int round = 0; round < Rounds; round++)
        {
            for (int turn = 0; turn < batches.Length; turn++)
            {
                batches[(round + turn) % batches.Length].Run();
            }
        }

        group.Suite.CleanUp();
        double[] baseline = batches[0].Times;
        return new GroupTimes(
            group.Name,
            group.Notes,
            [.. group.Candidates.Zip(batches, (candidate, batch) => Summarize(candidate, batch, baseline))],
            (double)batches.Sum(batch => batch.Interrupted) / (Rounds * batches.Length));
    }

    private static CandidateTimes Summarize(Candidate candidate, Batch batch, double[] baseline)
    {
        double[] ratios = [.. batch.Times.Zip(baseline, (time, reference) => time / reference)];
        double median = Statistic.Median(batch.Times);
        return new CandidateTimes(
            candidate.Name,
            median,
            median / Statistic.Median(baseline),
            Statistic.Quantile(ratios, 0.1),
            Statistic.Quantile(ratios, 0.9),
            batch.BytesPerOperation,
            candidate.Goal,
            candidate.Stretch);
    }

    /// <summary>A candidate with as many operations as fill a batch, and what its rounds took.</summary>
    private sealed class Batch(Action operation, int calls)
    {
        private const int WarmUpCalls = 50;
        private const int MostTries = 8;

        /// <summary>The share of a batch's time in which the process may have had no processor.</summary>
        private const double MostAbsence = 0.02;

        private readonly List<double> _times = new(Rounds);
        private long _operations;
        private long _bytes;
        private long _batches;

        /// <summary>Nanoseconds for a call, round by round.</summary>
        public double[] Times => [.. _times];

        public double BytesPerOperation => (double)_bytes / (_batches * _operations * calls);

        /// <summary>Rounds whose last try was interrupted too.</summary>
        public int Interrupted { get; private set; }

        /// <summary>Runs for a while; the last quarter tells how many operations a batch has.</summary>
        public void WarmUp(TimeSpan time)
        {
            long start = Stopwatch.GetTimestamp();
            int repeats = Math.Max(1, WarmUpCalls / calls);
            long late = 0;
            long lateStart = 0;
            TimeSpan elapsed;
            do
            {
                Repeat(operation, repeats);
                elapsed = Stopwatch.GetElapsedTime(start);
                if (lateStart != 0)
                {
                    late += repeats;
                }
                else if (elapsed > time * 0.75)
                {
                    lateStart = Stopwatch.GetTimestamp();
                }
            }
            while (elapsed < time || late == 0);

            _operations = Math.Max(1, (long)(late * (s_batchTime / Stopwatch.GetElapsedTime(lateStart))));
        }

        public void Run()
        {
            Repeat(operation, _operations / 4);
            for (int attempt = 1; ; attempt++)
            {
                long bytes = GC.GetAllocatedBytesForCurrentThread();
                TimeSpan processor = Environment.CpuUsage.TotalTime;
                long start = Stopwatch.GetTimestamp();
                Repeat(operation, _operations);
                TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
                processor = Environment.CpuUsage.TotalTime - processor;
                _bytes += GC.GetAllocatedBytesForCurrentThread() - bytes;
                _batches++;
                bool interrupted = elapsed - processor > elapsed * MostAbsence;
                if (!interrupted || attempt == MostTries)
                {
                    Interrupted += interrupted ? 1 : 0;
                    _times.Add(elapsed.TotalNanoseconds / (_operations * calls));
                    return;
                }
            }
        }

        /// <summary>Compiled at once, without the runtime replacing a running loop.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Repeat(Action operation, long times)
        {
            for (long i = 0; i < times; i++)
            {
                operation();
            }
        }
    }
}
