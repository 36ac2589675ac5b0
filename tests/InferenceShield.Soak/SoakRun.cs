using System.Diagnostics;
using InferenceShield.Tests;

namespace InferenceShield.Soak;

/// <summary>Round after round of the stress tests, each with another seed and another number of threads.</summary>
internal static class SoakRun
{
    /// <returns>0, or 1 after the first violation.</returns>
    public static int Run(TimeSpan length, int firstSeed)
    {
        Console.WriteLine(FormattableString.Invariant($"# .NET {Environment.Version}, {Machine.Processor}, {Environment.ProcessorCount} processors, first seed {firstSeed}"));
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; Stopwatch.GetElapsedTime(start) < length; round++)
        {
            int seed = firstSeed + round;
            int threads = 2 + (int)((uint)seed * 2_654_435_761 >> 29); // 2 to 9: also more than there are processors
            long roundStart = Stopwatch.GetTimestamp();
            try
            {
                string line = (round % 4) switch
                {
                    0 => $"table: one record a caller, no charge lost, lists complete; {CallerTableStress.Run(seed, threads, 20_000):N0} records changed hands",
                    1 => $"admission: budgets and counts exact; {AdmissionStress.Run(seed, threads, 15_000, hasGroups: false):N0} records changed hands",
                    2 => $"admission with tenants and model: budgets and counts exact; {AdmissionStress.Run(seed, threads, 10_000, hasGroups: true):N0} records changed hands",
                    _ => $"dossiers: one a caller, of its owner, watched ones kept; {DossierStress.Run(seed, threads, 5_000):N0} opened",
                };
                Console.WriteLine(FormattableString.Invariant($"{Stopwatch.GetElapsedTime(start):hh\\:mm\\:ss} round {round}, seed {seed}, {threads} threads, {Stopwatch.GetElapsedTime(roundStart).TotalSeconds:F1} s: {line}"));
            }
            catch (InvariantViolationException violation)
            {
                Console.WriteLine(FormattableString.Invariant($"VIOLATION in round {round}, seed {seed}, {threads} threads: {violation.Message}"));
                return 1;
            }
        }

        Console.WriteLine("No violation.");
        return 0;
    }
}
