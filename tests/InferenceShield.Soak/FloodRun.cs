using System.Diagnostics;
using System.Globalization;
using System.Text;
using InferenceShield.Tests;

namespace InferenceShield.Soak;

/// <summary>Ten million names against a table of 100,000: who is remembered, what it costs, what those already known notice.</summary>
internal static class FloodRun
{
    private const int Capacity = 100_000;
    private const int Names = 10_000_000;
    private const int Batches = 20;
    private const int Readings = 2_000;
    /// <summary>Bytes that the runtime may take once for a thread, and no name does.</summary>
    private const long OncePerThread = 1024;

    private const double MostSlowdown = 3;

    /// <returns>0 if every promise held; else 1.</returns>
    public static int Run()
    {
        using CallerFlood flood = new(Capacity, honest: 50_000, dossiers: 1_000);
        flood.Live(seed: 1);
        flood.LookupPercentile(Readings, seed: 0);
        flood.Flood(0, 1_000, TimeSpan.Zero);
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        int rememberedBefore = flood.OffendersRemembered;
        double[] quiet = new double[Batches];
        double[] flooded = new double[Batches];
        long allocated = 0;
        long start = Stopwatch.GetTimestamp();
        TimeSpan flooding = TimeSpan.Zero;
        for (int batch = 0; batch < Batches; batch++)
        {
            // Quiet and flooded in turn, for the machine has other things to do. Every second batch comes so
            // fast that no record becomes fresh, so newcomers share the overflow record; in the others, records change hands.
            quiet[batch] = LookupWhile(flood, sample => sample < 20);
            TimeSpan pause = batch % 2 == 0 ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromMicroseconds(1);
            int first = 1_000 + (batch * (Names / Batches));
            using ManualResetEventSlim started = new();
            Thread thread = new(() =>
            {
                started.Set();
                long began = Stopwatch.GetTimestamp();
                allocated += flood.Flood(first, Names / Batches, pause);
                flooding += Stopwatch.GetElapsedTime(began);
            });
            thread.Start();
            started.Wait();
            flooded[batch] = LookupWhile(flood, _ => thread.IsAlive);
            thread.Join();
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - memory;
        ShieldStatistics statistics = flood.Shield.GetStatistics();
        double slowdown = Median([.. flooded.Zip(quiet, (during, before) => during / before)]);
        bool holds = flood.OffendersRemembered == flood.Offenders.Count && allocated < OncePerThread && grown < 1_000_000 && slowdown <= MostSlowdown;
        string report = Report(
            ("names", Names),
            ("caller table", Capacity),
            ("worst offenders", flood.Offenders.Count),
            ("queries they asked", flood.AskedByOffenders),
            ("remembered before, with record, dossier and every query", rememberedBefore),
            ("remembered after", flood.OffendersRemembered),
            ("records that changed hands", statistics.Evictions),
            ("queries that met a full table", statistics.TableFull),
            ("bytes allocated by the flooding threads", allocated),
            ("bytes of managed memory grown", grown),
            ("ns a name and its queries, in the flood", flooding.TotalNanoseconds / Names),
            ("p99 of a look-up of a known caller, quiet, ns (median of 20 batches)", Median(quiet)),
            ("p99 in the flood, ns (median of 20 batches)", Median(flooded)),
            ("ratio (median of 20)", slowdown),
            ("seconds in all", Stopwatch.GetElapsedTime(start).TotalSeconds));
        Console.Write(report);
        File.WriteAllText(Path.Combine(FindResults(), "flood.md"), report);
        Console.WriteLine(holds ? "Every promise held." : "VIOLATION: an offender was forgotten, memory grew, or look-ups got slower than three times.");
        return holds ? 0 : 1;
    }

    /// <summary>The median of the p99 of samples, with pauses between them.</summary>
    private static double LookupWhile(CallerFlood flood, Func<int, bool> goesOn)
    {
        List<double> samples = [];
        do
        {
            samples.Add(flood.LookupPercentile(Readings, samples.Count));
            Thread.Sleep(5);
        }
        while (goesOn(samples.Count));
        return Median([.. samples]);
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }

    private static string Report(params (string What, double Value)[] figures)
    {
        StringBuilder text = new();
        text.Append("# A flood of ten million names\n\n");
        text.Append(CultureInfo.InvariantCulture, $"`dotnet run --project tests/InferenceShield.Soak -c Release -- flood`; .NET {Environment.Version}, {Machine.Processor}, {Environment.ProcessorCount} processors, shared with other work.\n\n");
        text.Append("| | |\n|---|---:|\n");
        foreach ((string what, double value) in figures)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {what} | {(value == Math.Floor(value) ? value.ToString("N0", CultureInfo.InvariantCulture) : value.ToString("N1", CultureInfo.InvariantCulture))} |\n");
        }

        return text.ToString();
    }

    private static string FindResults()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "InferenceShield.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        string results = Path.Combine(folder ?? throw new InvalidOperationException("Not run from within the repository."), "tests", "InferenceShield.Soak", "results");
        Directory.CreateDirectory(results);
        return results;
    }
}
