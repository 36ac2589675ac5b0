using System.Numerics;

namespace InferenceShield;

/// <summary>Learns a <see cref="CallerBaseline"/> of honest callers: detection.md 2.2.</summary>
internal static class BaselineFit
{
    /// <summary>Callers from which on a checkpoint has a baseline of its own.</summary>
    public const int FewestCallers = 120;

    /// <summary>The least number of queries of a caller that says anything: the first checkpoint.</summary>
    public const int FewestQueries = 8;

    private const int RecentStep = 32;
    private const int LongHalfLife = 256;
    private const int Ring = 64;
    private const double Shrinkage = .1;
    private const int Length = QuerySignals.VectorLength;

    /// <summary>z and z^2 of the answer's scalars.</summary>
    private static readonly int[] s_outputPlaces =
        [.. Enumerable.Range(0, QuerySignals.OutputScalarCount), .. Enumerable.Range(QuerySignals.ScalarCount, QuerySignals.OutputScalarCount)];

    private static readonly int[] s_allPlaces = [.. Enumerable.Range(0, Length)];

    /// <param name="tables">Of the same callers.</param>
    /// <param name="outliers">Of the same callers.</param>
    /// <param name="callers">With at least <see cref="FewestQueries"/> queries each.</param>
    /// <param name="lifetime">Queries of the longest life, these callers' or others'.</param>
    /// <param name="trimmed">Share of callers that lie farthest out and are left out: 0, or what attackers among them may be.</param>
    public static CallerBaseline Fit(SignalTables tables, OutlierModel outliers, IReadOnlyList<CallerHistory> callers, int lifetime, double trimmed)
    {
        int[] checkpoints = CheckpointsUpTo(lifetime);
        Trace[] traces = new Trace[callers.Count];
        Parallel.For(0, callers.Count, caller => traces[caller] = Follow(tables, outliers, callers[caller].Queries, checkpoints));
        return new CallerBaseline
        {
            Checkpoints = checkpoints,
            Cumulative = FitVectors(traces, trace => trace.Cumulative, s_allPlaces, trimmed),
            Recent32 = FitVectors(traces, trace => trace.Recent32, s_allPlaces, trimmed),
            Recent256 = FitVectors(traces, trace => trace.Recent256, s_allPlaces, trimmed),
            OutputCumulative = FitVectors(traces, trace => trace.Cumulative, s_outputPlaces, trimmed),
            OutputRecent32 = FitVectors(traces, trace => trace.Recent32, s_outputPlaces, trimmed),
            OutputRecent256 = FitVectors(traces, trace => trace.Recent256, s_outputPlaces, trimmed),
            NearDuplicateScales = FitScales(traces, trace => trace.NearDuplicates, .98, 1.5f, trimmed),
            OutlierScales = FitScales(traces, trace => trace.Outliers, .99, 3, trimmed),
            TrainedOutlierScales = FitScales(traces, trace => trace.TrainedOutliers, .99, 3, trimmed),
            Lifetime = lifetime,
        };
    }

    /// <summary>8 x 2^(j/2), rounded.</summary>
    public static int[] CheckpointsUpTo(int lifetime)
    {
        List<int> checkpoints = [];
        for (int j = 0; checkpoints.Count == 0 || checkpoints[^1] < lifetime; j++)
        {
            checkpoints.Add((int)Math.Round(FewestQueries * Math.Pow(2, j / 2.0)));
        }

        return checkpoints.Count > 1 && checkpoints[^1] > lifetime ? [.. checkpoints[..^1]] : [.. checkpoints];
    }

    /// <summary>v of detection.md 2.1: z and the smaller of z^2 and 9.</summary>
    public static void Vector(ReadOnlySpan<float> z, Span<float> v)
    {
        for (int i = 0; i < QuerySignals.ScalarCount; i++)
        {
            v[i] = z[i];
            v[QuerySignals.ScalarCount + i] = Math.Min(z[i] * z[i], 9);
        }
    }

    private static Trace Follow(SignalTables tables, OutlierModel outliers, QuerySignals[] queries, int[] checkpoints)
    {
        Trace trace = new(checkpoints.Length);
        Span<float> z = stackalloc float[QuerySignals.ScalarCount];
        Span<float> v = stackalloc float[Length];
        Span<double> sums = stackalloc double[Length];
        Span<double> recent = stackalloc double[Length];
        Span<double> longer = stackalloc double[Length];
        sums.Clear();
        recent.Clear();
        longer.Clear();
        double keep = Math.Pow(2, -1.0 / RecentStep);
        double keepLonger = Math.Pow(2, -1.0 / LongHalfLife);
        double[] duplicates = new double[trace.NearDuplicates.Length];
        double[] outlying = new double[trace.Outliers.Length];
        double[] trainedOutlying = new double[trace.TrainedOutliers.Length];
        int checkpoint = -1;
        for (int n = 1; n <= queries.Length; n++)
        {
            ref readonly QuerySignals query = ref queries[n - 1];
            tables.Transform(in query, z);
            outliers.Score(z, out float distance, out float trained);
            Step(duplicates, CallerBaseline.NearDuplicateAllowances, IsNearDuplicate(queries, n - 1), trace.NearDuplicates);
            for (int cut = 0; cut < 2; cut++)
            {
                Range places = (cut * CallerBaseline.OutlierAllowances.Length)..((cut + 1) * CallerBaseline.OutlierAllowances.Length);
                Step(outlying.AsSpan(places), CallerBaseline.OutlierAllowances, distance > outliers.DistanceCuts[cut], trace.Outliers.AsSpan(places));
                Step(trainedOutlying.AsSpan(places), CallerBaseline.OutlierAllowances, trained > outliers.TrainedCuts[cut], trace.TrainedOutliers.AsSpan(places));
            }

            Vector(z, v);
            for (int i = 0; i < Length; i++)
            {
                sums[i] += v[i];
                recent[i] = (keep * recent[i]) + ((1 - keep) * v[i]);
                longer[i] = (keepLonger * longer[i]) + ((1 - keepLonger) * v[i]);
            }

            if (checkpoint + 1 < checkpoints.Length && n == checkpoints[checkpoint + 1])
            {
                checkpoint++;
                trace.Cumulative[checkpoint] = Scaled(sums, 1.0 / n);
            }

            if (n % RecentStep == 0 && checkpoint >= 0)
            {
                trace.Recent32[checkpoint] ??= Scaled(recent, 1 / (1 - Math.Pow(keep, n)));
                if (n >= LongHalfLife)
                {
                    trace.Recent256[checkpoint] ??= Scaled(longer, 1 / (1 - Math.Pow(keepLonger, n)));
                }
            }
        }

        return trace;
    }

    private static bool IsNearDuplicate(QuerySignals[] queries, int place)
    {
        bool isNear = false;
        for (int i = Math.Max(0, place - Ring); i < place; i++)
        {
            if (queries[i].Exact == queries[place].Exact || queries[place].Exact == 0)
            {
                return false;
            }

            isNear |= BitOperations.PopCount(queries[i].SimHash ^ queries[place].SimHash) <= 1;
        }

        return isNear;
    }

    private static void Step(Span<double> sums, float[] allowances, bool isHit, Span<float> maxima)
    {
        for (int i = 0; i < allowances.Length; i++)
        {
            sums[i] = Math.Max(0, sums[i] + (isHit ? 1 : 0) - allowances[i]);
            maxima[i] = Math.Max(maxima[i], (float)sums[i]);
        }
    }

    private static float[] Scaled(ReadOnlySpan<double> sums, double factor)
    {
        float[] mean = new float[Length];
        for (int i = 0; i < Length; i++)
        {
            mean[i] = (float)(sums[i] * factor);
        }

        return mean;
    }

    private static float[] FitScales(Trace[] traces, Func<Trace, float[]> maximaOf, double share, float least, double trimmed)
    {
        float[] scales = new float[maximaOf(traces[0]).Length];
        for (int i = 0; i < scales.Length; i++)
        {
            scales[i] = Math.Max(SampleQuantile.OfUnsorted(traces.Select(trace => maximaOf(trace)[i]).ToArray(), share * (1 - trimmed)), least);
        }

        return scales;
    }

    /// <summary>By checkpoint; one with too few callers has that of the one before it, and what comes before the first that of the first.</summary>
    private static VectorBaseline[] FitVectors(Trace[] traces, Func<Trace, float[]?[]> vectorsOf, int[] places, double trimmed)
    {
        VectorBaseline?[] baselines = new VectorBaseline?[vectorsOf(traces[0]).Length];
        VectorBaseline? latest = null;
        for (int checkpoint = 0; checkpoint < baselines.Length; checkpoint++)
        {
            float[][] vectors = [.. traces.Select(trace => vectorsOf(trace)[checkpoint]).Where(vector => vector is not null).Select(vector => vector!)];
            if (vectors.Length >= FewestCallers || (latest is null && vectors.Length > 1))
            {
                latest = FitVector(vectors, places, trimmed);
            }

            baselines[checkpoint] = latest;
        }

        VectorBaseline first = Array.Find(baselines, baseline => baseline is not null) ?? Silent(places.Length);
        return [.. baselines.Select(baseline => baseline ?? first)];
    }

    /// <summary>Where nobody lived so long: no distance at all.</summary>
    private static VectorBaseline Silent(int dimension) =>
        new() { Dimension = dimension, Mean = new float[dimension], Whitening = new float[dimension * dimension], Scale = 1 };

    /// <summary>Mean and shrunk covariance of vectors; 24 numbers each, of which <paramref name="places"/> are used.</summary>
    public static VectorBaseline FitVector(float[][] vectors, int[] places, double trimmed)
    {
        float[][] kept = vectors;
        VectorBaseline baseline = FitOnce(kept, vectors, places);
        // Concentration steps (Rousseeuw and van Driessen, 1999): who lies farthest out of all others does not say where the middle is.
        for (int step = 0; trimmed > 0 && step < 3; step++)
        {
            float[] distances = [.. vectors.Select(vector => baseline.Distance(Pick(vector, places)))];
            float[] ascending = [.. distances];
            float cut = SampleQuantile.OfUnsorted(ascending, 1 - trimmed);
            kept = [.. vectors.Where((_, i) => distances[i] <= cut)];
            baseline = FitOnce(kept, kept, places);
        }

        return baseline;
    }

    private static VectorBaseline FitOnce(float[][] vectors, float[][] scaled, int[] places)
    {
        int dimension = places.Length;
        double[] mean = new double[dimension];
        foreach (float[] vector in vectors)
        {
            for (int i = 0; i < dimension; i++)
            {
                mean[i] += vector[places[i]] / (double)vectors.Length;
            }
        }

        double[] correlation = new double[dimension * dimension];
        foreach (float[] vector in vectors)
        {
            for (int i = 0; i < dimension; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    correlation[(i * dimension) + j] += (vector[places[i]] - mean[i]) * (vector[places[j]] - mean[j]) / vectors.Length;
                }
            }
        }

        double[] spreads = [.. Enumerable.Range(0, dimension).Select(i => Math.Sqrt(correlation[(i * dimension) + i]))];
        for (int i = 0; i < dimension; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double scale = spreads[i] * spreads[j];
                correlation[(i * dimension) + j] = scale > 0 ? (1 - Shrinkage) * correlation[(i * dimension) + j] / scale : 0;
            }

            correlation[(i * dimension) + i] = 1;
        }

        // Shrunk so, it is positive definite whatever the vectors.
        SymmetricMatrix.TryFactor(correlation, dimension);
        double[] inverse = SymmetricMatrix.InvertFactor(correlation, dimension);
        float[] whitening = new float[dimension * dimension];
        for (int i = 0; i < dimension; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                whitening[(i * dimension) + j] = spreads[j] > 0 ? (float)(inverse[(i * dimension) + j] / spreads[j]) : 0;
            }
        }

        VectorBaseline unscaled = new() { Dimension = dimension, Mean = [.. mean.Select(value => (float)value)], Whitening = whitening, Scale = 1 };
        float scale99 = SampleQuantile.OfUnsorted(scaled.Select(vector => unscaled.Distance(Pick(vector, places))).ToArray(), .99);
        return new VectorBaseline { Dimension = dimension, Mean = unscaled.Mean, Whitening = whitening, Scale = scale99 > 0 ? scale99 : 1 };
    }

    private static float[] Pick(float[] vector, int[] places) => [.. places.Select(place => vector[place])];

    /// <summary>What one caller's life adds to the baselines.</summary>
    private sealed class Trace(int checkpoints)
    {
        public float[]?[] Cumulative { get; } = new float[checkpoints][];

        public float[]?[] Recent32 { get; } = new float[checkpoints][];

        public float[]?[] Recent256 { get; } = new float[checkpoints][];

        public float[] NearDuplicates { get; } = new float[CallerBaseline.NearDuplicateAllowances.Length];

        public float[] Outliers { get; } = new float[2 * CallerBaseline.OutlierAllowances.Length];

        public float[] TrainedOutliers { get; } = new float[2 * CallerBaseline.OutlierAllowances.Length];
    }
}
