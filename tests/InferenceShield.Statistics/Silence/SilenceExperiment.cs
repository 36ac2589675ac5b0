using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using InferenceShield.Samples;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Statistics.Silence;

/// <summary>Whether the time of a call tells its caller's posture: 100,000 calls in a seeded random order of postures and callers, with delays off.</summary>
/// <remarks>Two groups of normal callers are compared as well: what they differ by is what the measure makes of nothing. Order and inputs are
/// seeded; times are a machine's.</remarks>
internal static class SilenceExperiment
{
    private const int Calls = 100_000;
    private const int WarmUp = 20_000;
    private const int CallersPerGroup = 8;
    private const int Rows = 256;

    /// <summary>The second group of normal callers is the placebo.</summary>
    private static readonly (string Name, Posture Posture)[] s_groups =
    [
        ("Normal", Posture.Normal), ("Normal again", Posture.Normal), ("Guarded", Posture.Guarded), ("Restricted", Posture.Restricted), ("Blocked", Posture.Blocked),
    ];

    public static void Run()
    {
        using ResultFile file = new(
            "silence.csv",
            "Time of a call by its caller's posture against Normal: two-sided p of ranks and of 10 % trimmed means, effect in share of a call. Normal again is the placebo. Order seeded, times not",
            "path,classes,equal_work,posture,calls,p_ranks,superiority,p_trimmed,effect");
        foreach (bool equalWork in new[] { false, true })
        {
            Harden(file, classes: 10, equalWork, admits: false);
            Harden(file, classes: 10, equalWork, admits: true);
            Harden(file, classes: 1000, equalWork, admits: false);
            Session(file, equalWork);
        }
    }

    private static void Harden(ResultFile file, int classes, bool equalWork, bool admits)
    {
        using Shield shield = Build(equalWork, OutputKind.Logits);
        SeededRandom random = new(601, (ulong)classes);
        float[] clean = new float[Rows * classes];
        for (int i = 0; i < clean.Length; i++)
        {
            clean[i] = 6 * random.NextSigned();
        }

        float[] released = new float[classes];
        byte[] input = new byte[784];
        CallerKey[] callers = Callers(shield);
        Admission[] admissions = Array.ConvertAll(callers, caller => shield.Admit(caller, input));
        Measure(file, admits ? "admit and harden" : "harden", classes, equalWork, random, (caller, row) =>
        {
            ReadOnlySpan<float> scores = clean.AsSpan(row * classes, classes);
            if (admits)
            {
                Admission admission = shield.Admit(callers[caller], input);
                shield.Harden(in admission, scores, released, classes);
            }
            else
            {
                shield.Harden(in admissions[caller], scores, released, classes);
            }
        });
    }

    private static void Session(ResultFile file, bool equalWork)
    {
        using Shield shield = Build(equalWork, OutputKind.Probabilities);
        using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        using ShieldedSession session = new(shield, SampleFiles.GetModel("fashion.onnx"), options: null, options);
        FashionDataset data = FashionDataset.LoadSubset();
        float[] released = new float[FashionDataset.ClassCount];
        CallerKey[] callers = Callers(shield);
        Measure(file, "session", FashionDataset.ClassCount, equalWork, new SeededRandom(602, 1), (caller, row) => session.Run(callers[caller], data.GetImage(row), released));
    }

    private static void Measure(ResultFile file, string path, int classes, bool equalWork, SeededRandom random, Action<int, int> call)
    {
        List<double>[] times = [.. s_groups.Select(_ => new List<double>(Calls))];
        GC.Collect();
        for (int i = 0; i < WarmUp + Calls; i++)
        {
            int caller = random.NextInt32(s_groups.Length * CallersPerGroup);
            int row = random.NextInt32(Rows);
            long start = Stopwatch.GetTimestamp();
            call(caller, row);
            long elapsed = Stopwatch.GetTimestamp() - start;
            if (i >= WarmUp)
            {
                times[caller / CallersPerGroup].Add(elapsed);
            }
        }

        double[] normal = [.. times[0]];
        for (int group = 1; group < s_groups.Length; group++)
        {
            TwoSamples found = TwoSamples.Compare(normal, [.. times[group]]);
            file.Write(path, classes, equalWork, s_groups[group].Name, times[group].Count, found.RankP, found.Superiority, found.TrimmedP, found.Effect);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path} K={classes} equal={equalWork} {s_groups[group].Name}: p {found.RankP:G3} {found.TrimmedP:G3} effect {found.Effect:P2}"));
        }
    }

    /// <summary>Group by group, each with a dossier, as callers get by asking much.</summary>
    private static CallerKey[] Callers(Shield shield)
    {
        CallerKey[] callers = [.. Enumerable.Range(0, s_groups.Length * CallersPerGroup).Select(number => shield.IdentifyCaller($"caller {number}"))];
        for (int round = 0; round < 512; round++)
        {
            Array.ForEach(callers, caller => shield.Admit(caller, MemoryMarshal.AsBytes<int>([round])));
        }

        for (int caller = 0; caller < callers.Length; caller++)
        {
            shield.SetPosture(callers[caller], s_groups[caller / CallersPerGroup].Posture);
        }

        return callers;
    }

    private static Shield Build(bool equalWork, OutputKind kind) => new ShieldBuilder("fashion")
        .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes("silence"))))
        .AddOutput("probabilities", kind)
        .Configure(options =>
        {
            options.Postures.EqualWork = equalWork;
            options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };
            (options.Admission.Blocked, options.Admission.BlockedDelay) = (BlockedTreatment.Restrict, TimeSpan.Zero);
        })
        .Build();
}
