using System.Buffers.Binary;

namespace InferenceShield.Tests;

/// <summary>Errors of the distinct counters against the true count, over many keys. Seeded: a cycle's key follows from its
/// number, and its items are 0, 1, 2 ..., the worst input for a weak hash.</summary>
public sealed class DistinctCountSimulation(int[] precisions, long[] counts)
{
    /// <summary>The estimators, in the order of <see cref="RunCycle"/>.</summary>
    public static IReadOnlyList<string> Estimators { get; } = ["HyperLogLog", "UltraLogLog FGRA", "UltraLogLog ML"];

    public int[] Precisions => precisions;

    public long[] Counts => counts;

    /// <summary>The standard error that theory has for an estimator.</summary>
    public static double Theory(int estimator, int precision) => estimator switch
    {
        0 => HyperLogLog.GetRelativeStandardError(precision),
        1 => UltraLogLog.GetRelativeStandardError(precision),
        _ => 0.7608621002725182 / Math.Sqrt(1 << precision),
    };

    /// <summary>Relative errors by precision, count and estimator.</summary>
    public double[,,] RunCycle(int cycle)
    {
        SketchKey key = KeyOf(cycle);
        HyperLogLog[] hyperLogLogs = [.. precisions.Select(precision => new HyperLogLog(precision, key))];
        UltraLogLog[] ultraLogLogs = [.. precisions.Select(precision => new UltraLogLog(precision, key))];
        double[,,] errors = new double[precisions.Length, counts.Length, Estimators.Count];
        ulong item = 0;
        for (int step = 0; step < counts.Length; step++)
        {
            for (; item < (ulong)counts[step]; item++)
            {
                ulong hash = key.Hash(item);
                for (int i = 0; i < hyperLogLogs.Length; i++)
                {
                    hyperLogLogs[i].AddHash(hash);
                    ultraLogLogs[i].AddHash(hash);
                }
            }

            for (int i = 0; i < precisions.Length; i++)
            {
                errors[i, step, 0] = hyperLogLogs[i].Estimate() / counts[step] - 1;
                errors[i, step, 1] = ultraLogLogs[i].Estimate() / counts[step] - 1;
                errors[i, step, 2] = ultraLogLogs[i].EstimateMaximumLikelihood() / counts[step] - 1;
            }
        }

        return errors;
    }

    /// <summary>Bias and root mean square error by precision, count and estimator; the same whatever the threads.</summary>
    public (double Bias, double Rmse)[,,] Run(int cycles, int threads)
    {
        double[][,,] errors = new double[cycles][,,];
        Parallel.For(0, cycles, new ParallelOptions { MaxDegreeOfParallelism = threads }, cycle => errors[cycle] = RunCycle(cycle));
        (double Bias, double Rmse)[,,] result = new (double, double)[precisions.Length, counts.Length, Estimators.Count];
        for (int i = 0; i < precisions.Length; i++)
        {
            for (int j = 0; j < counts.Length; j++)
            {
                for (int k = 0; k < Estimators.Count; k++)
                {
                    double sum = 0;
                    double squares = 0;
                    foreach (double[,,] cycle in errors)
                    {
                        sum += cycle[i, j, k];
                        squares += cycle[i, j, k] * cycle[i, j, k];
                    }

                    result[i, j, k] = (sum / cycles, Math.Sqrt(squares / cycles));
                }
            }
        }

        return result;
    }

    private static SketchKey KeyOf(int cycle)
    {
        byte[] key = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(key, cycle);
        key[15] = 1;
        return new SketchKey(key);
    }
}
