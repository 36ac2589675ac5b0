using System.Diagnostics;
using System.Globalization;
using InferenceShield.Numerics;

namespace InferenceShield.Benchmarks;

/// <summary>What counting costs, as ratios of candidates that run in turn in one process.</summary>
/// <remarks>Contention is measured in bursts: both threads spin at a gate, run a few thousand operations and note begin and
/// end; bursts that overlapped for less than 80 % of their time are thrown away. A plain loop in two threads would mostly
/// measure how rarely they overlap.</remarks>
public static class CounterRatios
{
    private const int Bursts = 301;
    private const int BurstOperations = 4000;
    private const int Rounds = 25;
    private const int RoundOperations = 50_000;

    public static void Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Contention(output);
        Costs(output);
    }

    private static void Contention(TextWriter output)
    {
        SharedCell shared = new();
        StripedCounter striped = new();
        DecayedHistogram histogram = new(default);
        DecayedHistogram stripedHistogram = new(default, stripes: Environment.ProcessorCount);
        LockedHistogram locked = new(DecayedHistogram.DefaultBuckets);
        DecayedMoments moments = new();
        DecayedMoments stripedMoments = new(Environment.ProcessorCount);
        (string Name, Action<int> Burst)[] candidates =
        [
            ("one Interlocked", n => { for (int i = 0; i < n; i++) { Interlocked.Add(ref shared.Value, 1); } }),
            ("StripedCounter", n => { for (int i = 0; i < n; i++) { striped.Add(1); } }),
            ("DecayedHistogram, one label", n => { for (int i = 0; i < n; i++) { histogram.Add(7, i); } }),
            ("DecayedHistogram, one label, a stripe a processor", n => { for (int i = 0; i < n; i++) { stripedHistogram.Add(7, i); } }),
            ("lock, 4 Math.Exp, one label", n => { for (int i = 0; i < n; i++) { locked.Add(7, i); } }),
            ("DecayedMoments, 1 stripe", n => { for (int i = 0; i < n; i++) { moments.Add(i, i); } }),
            ("DecayedMoments, a stripe a processor", n => { for (int i = 0; i < n; i++) { stripedMoments.Add(i, i); } }),
        ];
        double[] alone = new double[candidates.Length];
        double[] together = new double[candidates.Length];
        int[] overlapping = new int[candidates.Length];
        List<double>[] singles = Array.ConvertAll(candidates, _ => new List<double>());
        List<double>[] doubles = Array.ConvertAll(candidates, _ => new List<double>());
        using BurstPair pair = new();
        for (int burst = -Bursts / 3; burst < Bursts; burst++)
        {
            for (int i = 0; i < candidates.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                candidates[i].Burst(BurstOperations);
                double single = Stopwatch.GetElapsedTime(start).TotalNanoseconds / BurstOperations;
                bool overlapped = pair.TryRun(candidates[i].Burst, BurstOperations, out double each);
                if (burst >= 0)
                {
                    singles[i].Add(single);
                    if (overlapped)
                    {
                        doubles[i].Add(each);
                    }
                }
            }
        }

        for (int i = 0; i < candidates.Length; i++)
        {
            alone[i] = Median(singles[i]);
            together[i] = Median(doubles[i]);
            overlapping[i] = doubles[i].Count;
        }

        output.WriteLine("| operation | 1 thread, ns | 2 overlapping threads, ns each | bursts that overlapped | one Interlocked / this, 2 threads |");
        output.WriteLine("|---|---|---|---|---|");
        for (int i = 0; i < candidates.Length; i++)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {candidates[i].Name} | {alone[i]:0.0} | {together[i]:0.0} | {overlapping[i]} of {Bursts} | {together[0] / together[i]:0.00}x |"));
        }

        ValueSnapshot one = moments.Snapshot(0, BurstOperations);
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"DecayedMoments, 1 stripe: {one.Skipped} of {one.Count} values skipped."));
        output.WriteLine();
    }

    private static void Costs(TextWriter output)
    {
        DecayedHistogram histogram = new(default);
        LockedHistogram locked = new(DecayedHistogram.DefaultBuckets);
        DecayedMoments moments = new();
        LatencyHistogram latency = new();
        AnswerCache cache = new(capacity: 4096, maxLength: 10);
        AnswerKey[] keys = new AnswerKey[1024];
        float[] answer = new float[10];
        for (int i = 0; i < keys.Length; i++)
        {
            Hash128 hash = SipHash.Hash(default, (ulong)i, 0, 0);
            keys[i] = new AnswerKey(new InputDigest(hash.Low, hash.High), 1, 0, 0);
            cache.Store(in keys[i], answer);
        }

        long now = 0;
        (string Name, Action<int> Operations)[] candidates =
        [
            ("DecayedHistogram.Add, 4 windows", n => { for (int i = 0; i < n; i++) { histogram.Add(i & 63, now += 1000); } }),
            ("the same, 1 s between answers (every window's decay changes)", n => { for (int i = 0; i < n; i++) { histogram.Add(i & 63, now += 1_000_000_000); } }),
            ("lock, 4 Math.Exp, plain doubles", n => { for (int i = 0; i < n; i++) { locked.Add(i & 63, now += 1000); } }),
            ("DecayedMoments.Add, 4 windows", n => { for (int i = 0; i < n; i++) { moments.Add(i & 63, now += 1000); } }),
            ("LatencyHistogram.Record", n => { for (int i = 0; i < n; i++) { latency.Record(1000 + (i & 1023) * 100); } }),
            ("AnswerCache.TryGet, hit, 10 numbers", n => { for (int i = 0; i < n; i++) { cache.TryGet(in keys[i & 1023], answer, out _); } }),
        ];
        List<double>[] times = Array.ConvertAll(candidates, _ => new List<double>());
        long[] bytes = new long[candidates.Length];
        for (int round = -6; round < Rounds; round++)
        {
            if (round < 0)
            {
                Thread.Sleep(220); // lets tiered compilation finish
            }

            for (int i = 0; i < candidates.Length; i++)
            {
                long allocated = GC.GetAllocatedBytesForCurrentThread();
                long start = Stopwatch.GetTimestamp();
                candidates[i].Operations(RoundOperations);
                double elapsed = Stopwatch.GetElapsedTime(start).TotalNanoseconds / RoundOperations;
                if (round >= 0)
                {
                    times[i].Add(elapsed);
                    bytes[i] += GC.GetAllocatedBytesForCurrentThread() - allocated;
                }
            }
        }

        output.WriteLine("| operation | ns (median of 25 rounds) | B/op |");
        output.WriteLine("|---|---|---|");
        for (int i = 0; i < candidates.Length; i++)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {candidates[i].Name} | {Median(times[i]):0.0} | {(double)bytes[i] / Rounds / RoundOperations:0.##} |"));
        }
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values.Count == 0 ? double.NaN : values[values.Count / 2];
    }

    private sealed class SharedCell
    {
        public long Value;
    }

    /// <summary>What one would write first.</summary>
    private sealed class LockedHistogram(int buckets)
    {
        private static readonly double[] s_windows = [60e9, 3600e9, 86400e9, 30 * 86400e9];
        private readonly Lock _lock = new();
        private readonly double[] _counts = new double[buckets * 4];
        private readonly long[] _times = new long[buckets];

        public void Add(int label, long now)
        {
            lock (_lock)
            {
                for (int i = 0; i < s_windows.Length; i++)
                {
                    ref double count = ref _counts[label * 4 + i];
                    count = count * Math.Exp((_times[label] - now) / s_windows[i]) + 1;
                }

                _times[label] = now;
            }
        }
    }

    /// <summary>Runs the same work in this thread and another one, started together at a gate both spin at.</summary>
    private sealed class BurstPair : IDisposable
    {
        private readonly Thread _partner;
        private Action<int>? _burst;
        private int _operations;
        private int _gate;
        private int _arrived;
        private int _done;
        private long _partnerStart;
        private long _partnerEnd;

        public BurstPair()
        {
            _partner = new Thread(Partner) { IsBackground = true };
            _partner.Start();
        }

        public bool TryRun(Action<int> burst, int operations, out double nanosecondsEach)
        {
            _burst = burst;
            _operations = operations;
            int turn = _gate + 1;
            SpinUntil(ref _arrived, turn);
            Volatile.Write(ref _gate, turn);
            long start = Stopwatch.GetTimestamp();
            burst(operations);
            long end = Stopwatch.GetTimestamp();
            SpinUntil(ref _done, turn);
            long overlap = Math.Min(end, _partnerEnd) - Math.Max(start, _partnerStart);
            long whole = Math.Max(end, _partnerEnd) - Math.Min(start, _partnerStart);
            double ticks = ((end - start) + (_partnerEnd - _partnerStart)) / 2.0;
            nanosecondsEach = ticks * 1e9 / Stopwatch.Frequency / operations;
            return overlap >= 0.8 * whole;
        }

        public void Dispose()
        {
            _burst = null;
            Volatile.Write(ref _gate, _gate + 1);
            _partner.Join();
        }

        private static void SpinUntil(ref int value, int wanted)
        {
            while (Volatile.Read(ref value) < wanted)
            {
                Thread.SpinWait(1);
            }
        }

        private void Partner()
        {
            for (int turn = 1; ; turn++)
            {
                Volatile.Write(ref _arrived, turn);
                SpinUntil(ref _gate, turn);
                if (_burst is not { } burst)
                {
                    return;
                }

                _partnerStart = Stopwatch.GetTimestamp();
                burst(_operations);
                _partnerEnd = Stopwatch.GetTimestamp();
                Volatile.Write(ref _done, turn);
            }
        }
    }
}
