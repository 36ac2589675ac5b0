using System.Diagnostics;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Samples.Quickstart;

/// <summary>Times the shielded session against the bare one, in turns, so that a noisy machine disturbs both alike.</summary>
internal static class Overhead
{
    private const int WarmUpRounds = 6;
    private const int Rounds = 25;
    private const int CallsPerRound = 400;

    public static Table Measure(string modelPath, FashionDataset images)
    {
        using SessionOptions options = new() { IntraOpNumThreads = 1 };
        using CleanModel bare = new(modelPath, options);
        using Shield shield = new ShieldBuilder("fashion-timing")
            .UseSecret(ShieldSecrets.Ephemeral())
            .AddOutput("probabilities", OutputKind.Probabilities)
            .Configure(o => o.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 })
            .Build();
        using ShieldedSession shielded = new(shield, modelPath, sessionOptions: options);
        CallerKey caller = shield.IdentifyCaller("timing");
        float[] released = new float[FashionDataset.ClassCount];

        double[] bareTimes = new double[Rounds];
        double[] shieldedTimes = new double[Rounds];
        double[] ratios = new double[Rounds];
        long bytes = 0;
        for (int round = -WarmUpRounds; round < Rounds; round++)
        {
            if (round < 0)
            {
                Thread.Sleep(150); // lets the runtime compile the hot paths again, optimised
            }

            double bareTime = Time(images, image => bare.Run(image));
            long before = GC.GetAllocatedBytesForCurrentThread();
            double shieldedTime = Time(images, image => shielded.Run(caller, image, released));
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round >= 0)
            {
                (bareTimes[round], shieldedTimes[round], ratios[round]) = (bareTime, shieldedTime, shieldedTime / bareTime);
            }
        }

        Table table = new("", "median per call", "ratio to bare, median", "10-90 % of rounds", "bytes per call");
        table.Add("InferenceSession.Run", $"{Quantile(bareTimes, 0.5):F1} us", "1.00", "", "");
        table.Add(
            "ShieldedSession.Run",
            $"{Quantile(shieldedTimes, 0.5):F1} us",
            $"{Quantile(ratios, 0.5):F2}",
            $"{Quantile(ratios, 0.1):F2} to {Quantile(ratios, 0.9):F2}",
            $"{(double)bytes / CallsPerRound:0.##}");
        return table;
    }

    private static double Time(FashionDataset images, Ask ask)
    {
        long start = Stopwatch.GetTimestamp();
        for (int call = 0; call < CallsPerRound; call++)
        {
            ask(images.GetImage(call));
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / CallsPerRound;
    }

    private static double Quantile(double[] values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)(share * (sorted.Length - 1))];
    }

    private delegate void Ask(ReadOnlySpan<float> image);
}
