using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using InferenceShield.Benchmarks.Fingerprints;

namespace InferenceShield.Benchmarks.Detection;

/// <summary>What detection costs a query, beside one pass over the input that a plain loop makes.</summary>
public static class DetectionRatios
{
    /// <summary>Measures everything and writes Markdown tables.</summary>
    public static void Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        using ShieldSecret secret = new(SHA256.HashData("benchmark"u8));
        output.WriteLine("| row, classes | part | us | plain loop for mean and spread | B/op |");
        output.WriteLine("|---|---|---|---|---|");
        Write(output, "784, 10", DetectionSample.Fashion(secret));
        Write(output, "150,528, 1,000", DetectionSample.Wide(secret));
        int table = Unsafe.SizeOf<CallerWatch>();
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A caller's state: {table:N0} bytes."));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        CallerWatchTable watches = new(100_000);
        long taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A table of {watches.Capacity:N0}: {taken:N0} bytes, {taken / 1048576.0:F1} MiB."));
    }

    private static void Write(TextWriter output, string name, DetectionSample sample)
    {
        // As many as a cache holds: a row has just been read by the model when it is measured.
        int rows = sample.Inputs[0].Length > 100_000 ? 8 : 256;
        QuerySignals signals = default;
        CallerMonitor[] callers = [.. Enumerable.Range(0, 64).Select(_ => new CallerMonitor(sample.Calibration))];
        CallerWatchTable watches = new(4_096);
        CampaignWorker campaigns = new(4_096);
        CallerKey[] keys = [.. Enumerable.Range(0, 64).Select(i => new CallerKey(((ulong)i * 0x9e37_79b9_7f4a_7c15) | 7, (ulong)i + 1))];
        float sum = 0;
        void Measure(int i) => sample.Calibration.Profile.Measure(sample.Inputs[i % rows], sample.Scores[i % rows], (ulong)i, ref signals);
        void Take(int i) => callers[i & 63].Observe(in sample.Measured[i & 4_095]);
        void Whole(int i)
        {
            QuerySignals measured = default;
            sample.Calibration.Profile.Measure(sample.Inputs[i % rows], sample.Scores[i % rows], (ulong)i * 0x9e37_79b9_7f4a_7c15, ref measured);
            CallerKey key = keys[i & 63];
            if (watches.TryEnter(key, i, out int slot))
            {
                CallerUpdate.Apply(sample.Calibration, ref watches[slot], in measured, i);
                watches.Exit(slot);
            }

            campaigns.NoteQuery(key, in measured, i);
        }

        void Plain(int i)
        {
            float mean = 0;
            float squares = 0;
            foreach (float value in sample.Inputs[i % rows])
            {
                mean += value;
                squares += value * value;
            }

            sum += mean + squares;
        }

        (string Part, Action<int> Run)[] parts = [("measure", Measure), ("take into the caller's statistics", Take), ("all, with the table of callers and near-duplicates across callers", Whole), ("plain loop", Plain)];
        RatioTimer timer = new();
        foreach ((string part, Action<int> run) in parts)
        {
            timer.Add(part, run);
        }

        double[] ns = timer.Measure(201);
        for (int i = 0; i < parts.Length; i++)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {parts[i].Part} | {ns[i] / 1000:F3} | {ns[i] / ns[^1]:F2} | {RatioTimer.AllocatedBytes(parts[i].Run, 256)} |"));
        }

        GC.KeepAlive(sum);
    }
}
