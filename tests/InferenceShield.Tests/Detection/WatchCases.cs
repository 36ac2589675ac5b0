using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>Calibrations and queries made up at random, for tests of callers' statistics.</summary>
internal static class WatchCases
{
    public const int Classes = 5;

    public static float NextShare(ref SeededRandom random) => (random.NextSigned() + 1) / 2;

    /// <summary>Irwin and Hall: near enough to normal.</summary>
    public static float NextNormal(ref SeededRandom random)
    {
        float sum = 0;
        for (int i = 0; i < 12; i++)
        {
            sum += NextShare(ref random);
        }

        return sum - 6;
    }

    /// <summary>Queries with normal scalars, moved by so much; a third of the SimHashes is near an earlier one.</summary>
    public static QuerySignals[] Queries(ulong seed, int count, float moved = 0, float nearShare = .3f)
    {
        SeededRandom random = new(seed, 77);
        QuerySignals[] queries = new QuerySignals[count];
        for (int i = 0; i < count; i++)
        {
            ref QuerySignals query = ref queries[i];
            for (int scalar = 0; scalar < QuerySignals.ScalarCount; scalar++)
            {
                query.Scalars[scalar] = NextNormal(ref random) + moved;
            }

            // Scalars with ties, and a heavy tail.
            query.Scalars[7] = MathF.Round(query.Scalars[7]);
            query.Scalars[3] *= random.NextInt32(20) == 0 ? 10 : 1;
            query.Label = random.NextInt32(Classes + 1); // one that the tables do not know
            query.Second = (query.Label + 1) % Classes;
            query.Confidence = NextShare(ref random);
            query.SimHash = random.NextUInt64();
            query.Exact = random.NextUInt64();
            if (i > 0 && NextShare(ref random) < nearShare)
            {
                QuerySignals earlier = queries[Math.Max(0, i - 1 - random.NextInt32(80))];
                query.SimHash = earlier.SimHash ^ (random.NextInt32(2) == 0 ? 0 : 1UL << random.NextInt32(64)) ^ (random.NextInt32(4) == 0 ? 1UL << random.NextInt32(64) : 0);
                query.Exact = random.NextInt32(4) == 0 ? earlier.Exact : query.Exact;
            }
        }

        return queries;
    }

    /// <summary>A calibration of as many callers, with random tables, baselines and thresholds.</summary>
    public static DetectionCalibration Calibration(ulong seed, int callers = 1000, int lifetime = 5000, float threshold = 1, bool trained = true)
    {
        SeededRandom random = new(seed, 5);
        bool isAdvisory = callers < DetectionCalibration.FewestCallers;
        return new DetectionCalibration(
            null!,
            callers,
            Tables(ref random),
            Outliers(ref random, trained),
            callers == 0 ? null : Baseline(ref random, lifetime),
            callers == 0 ? null : Thresholds(threshold, isAdvisory),
            Cells(ref random),
            null,
            Plain());
    }

    public static SignalTables Tables(ref SeededRandom random)
    {
        const int Tables = 3;
        float[] values = new float[Tables * QuerySignals.ScalarCount * SignalTables.Quantiles];
        float[] ranges = new float[Tables * QuerySignals.ScalarCount];
        for (int table = 0; table < ranges.Length; table++)
        {
            Span<float> row = values.AsSpan(table * SignalTables.Quantiles, SignalTables.Quantiles);
            foreach (ref float value in row)
            {
                value = NextNormal(ref random);
            }

            if (table % QuerySignals.ScalarCount == 7)
            {
                foreach (ref float value in row)
                {
                    value = MathF.Round(value);
                }
            }

            row.Sort();
            ranges[table] = row[95] - row[31];
        }

        bool[] active = new bool[QuerySignals.ScalarCount];
        Array.Fill(active, true);
        active[random.NextInt32(active.Length)] = false;
        return new SignalTables { Active = active, TableOf = [0, 1, 2, 0, 1], Values = values, Ranges = ranges };
    }

    public static OutlierModel Outliers(ref SeededRandom random, bool trained = true)
    {
        const int Count = QuerySignals.ScalarCount;
        float[] precision = new float[Count * Count];
        float[] quadratic = new float[Count * Count];
        for (int i = 0; i < Count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                precision[(i * Count) + j] = precision[(j * Count) + i] = (i == j ? 1 : 0) + (random.NextSigned() * .05f);
                quadratic[(i * Count) + j] = quadratic[(j * Count) + i] = random.NextSigned() * .3f;
            }
        }

        float[] Some(ref SeededRandom from)
        {
            float[] values = new float[Count];
            foreach (ref float value in values.AsSpan())
            {
                value = from.NextSigned() * .5f;
            }

            return values;
        }

        return new OutlierModel
        {
            DistanceCuts = [14, 24],
            TrainedCuts = [4, 7],
            Mean = Some(ref random),
            Precision = precision,
            Linear = Some(ref random),
            Absolute = Some(ref random),
            Quadratic = quadratic,
            IsTrained = trained,
        };
    }

    public static VectorBaseline Vector(ref SeededRandom random, int dimension)
    {
        float[] mean = new float[dimension];
        float[] whitening = new float[dimension * dimension];
        for (int i = 0; i < dimension; i++)
        {
            mean[i] = random.NextSigned() * .3f;
            for (int j = 0; j <= i; j++)
            {
                whitening[(i * dimension) + j] = i == j ? 3 + random.NextSigned() : random.NextSigned();
            }
        }

        return new VectorBaseline { Dimension = dimension, Mean = mean, Whitening = whitening, Scale = 8 + random.NextSigned() };
    }

    public static int[] Checkpoints(int lifetime)
    {
        List<int> checkpoints = [];
        for (int j = 0; Math.Round(8 * Math.Pow(2, j / 2.0)) <= lifetime; j++)
        {
            checkpoints.Add((int)Math.Round(8 * Math.Pow(2, j / 2.0)));
        }

        return [.. checkpoints];
    }

    private static CallerBaseline Baseline(ref SeededRandom random, int lifetime)
    {
        int[] checkpoints = Checkpoints(lifetime);

        // One fewer than checkpoints: the last stands for those after it.
        VectorBaseline[] Vectors(ref SeededRandom from, int dimension)
        {
            VectorBaseline[] vectors = new VectorBaseline[Math.Max(1, checkpoints.Length - 1)];
            for (int i = 0; i < vectors.Length; i++)
            {
                vectors[i] = Vector(ref from, dimension);
            }

            return vectors;
        }

        return new CallerBaseline
        {
            Checkpoints = checkpoints,
            Cumulative = Vectors(ref random, 24),
            Recent32 = Vectors(ref random, 24),
            Recent256 = Vectors(ref random, 24),
            OutputCumulative = Vectors(ref random, 10),
            OutputRecent32 = Vectors(ref random, 10),
            OutputRecent256 = Vectors(ref random, 10),
            NearDuplicateScales = [2.5f, 2, 1.5f],
            OutlierScales = [5, 4.5f, 4, 3.5f, 3, 4, 3.8f, 3.6f, 3.4f, 3.2f],
            TrainedOutlierScales = [6, 5, 4, 3.5f, 3, 5, 4.8f, 4.6f, 3.4f, 3],
            Lifetime = lifetime,
        };
    }

    private static DetectionThresholds Thresholds(float threshold, bool isAdvisory)
    {
        float[] values = new float[4 * DetectionThresholds.Statistics];
        for (int number = 0; number < 4; number++)
        {
            for (int statistic = 0; statistic < DetectionThresholds.Statistics; statistic++)
            {
                bool isOutput = statistic is 3 or >= 6;
                bool isUsed = number >= 2 ? statistic < 6 : isOutput;
                values[(number * DetectionThresholds.Statistics) + statistic] = isUsed ? threshold * ((number & 1) + 1) * (1 + (statistic * .03f)) : float.PositiveInfinity;
            }
        }

        double promise = isAdvisory ? double.NaN : .01;
        return new DetectionThresholds { Values = values, Promises = [promise, promise / 10, promise, promise / 10], Extrapolated = [false, true, false, true] };
    }

    private static OdometerCells Cells(ref SeededRandom random)
    {
        float[] mass = new float[Classes << 2];
        float sum = 0;
        foreach (ref float cell in mass.AsSpan())
        {
            cell = NextShare(ref random);
            sum += cell;
        }

        foreach (ref float cell in mass.AsSpan())
        {
            cell /= sum;
        }

        return new OdometerCells { Bits = 2, Classes = Classes, Mass = mass };
    }

    private static PlainBaseline Plain() => new()
    {
        LabelShares = [.4f, .3f, .2f, .09f, .01f],
        BorderlineShare = .05f,
        VectorMean = new float[QuerySignals.VectorLength],
        VectorSpread = [.. Enumerable.Repeat(1f, QuerySignals.VectorLength)],
    };
}
