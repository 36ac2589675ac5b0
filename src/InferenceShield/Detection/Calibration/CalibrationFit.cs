namespace InferenceShield;

/// <summary>Fits a calibration to honest callers' histories: detection.md 2.3.</summary>
internal static class CalibrationFit
{
    /// <summary>Callers of at least 8 queries below which there is nothing to fit.</summary>
    public const int FewestCallers = 20;

    /// <summary>So many are enough for tables and baselines; what is beyond half of the callers or this makes thresholds finer.</summary>
    private const int MostFitted = 1_000;

    /// <summary>Queries that tables are made of; of more, every second, third, ... is taken.</summary>
    private const int MostRows = 1_000_000;

    /// <summary>Queries at which callers' mean vectors are compared with live ones.</summary>
    private const int DriftQueries = 45;

    /// <summary>Fits tables and baselines on half of the callers, thresholds on the other half.</summary>
    /// <param name="profile">By which the queries were measured.</param>
    /// <param name="callers">Honest ones, in any order. Those with fewer than 8 queries are passed over.</param>
    /// <param name="proxies">What was measured of synthetic proxies of benign inputs, to train J3; empty for none.</param>
    /// <param name="seed">Which callers fall into which half.</param>
    /// <param name="trimmed">Share of attackers that there may be among the callers, 0 to .2: those farthest out are left out of
    /// baselines and thresholds. If there are none, up to this share of honest callers is alarmed besides.</param>
    /// <exception cref="DetectionFileException">Too few callers.</exception>
    public static DetectionCalibration Fit(
        DetectionProfile profile, IReadOnlyList<CallerHistory> callers, ReadOnlySpan<QuerySignals> proxies, ulong seed, double trimmed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trimmed);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(trimmed, .2);
        CallerHistory[] order = [.. callers.Where(caller => caller.Queries.Length >= BaselineFit.FewestQueries).OrderBy(caller => Mix(seed, caller.Caller)).ThenBy(caller => caller.Caller)];
        if (order.Length < FewestCallers)
        {
            throw new DetectionFileException(
                DetectionFileFault.NoCallers,
                $"There are {order.Length} callers with at least {BaselineFit.FewestQueries} queries; calibration needs at least {FewestCallers}, and {DetectionCalibration.FewestCallers} to promise anything. Record honest traffic for longer.");
        }

        int fitted = order.Length - HeldCallers(order.Length);
        CallerHistory[] fit = order[..fitted];
        CallerHistory[] held = order[fitted..];
        int lifetime = order.Max(caller => caller.Queries.Length);

        QuerySignals[] rows = Sample(fit);
        SignalTables tables = TableFit.Fit(profile.Classes, rows);
        OutlierModel outliers = OutlierFit.Fit(tables, rows, proxies);
        CallerBaseline baseline = BaselineFit.Fit(tables, outliers, fit, lifetime, trimmed);
        OdometerCells cells = OdometerCells.Learn(Math.Max(profile.Classes, 1), rows);
        PlainBaseline plain = PlainOf(profile.Classes, rows, tables, order);
        DetectionCalibration untold = new(profile, order.Length, tables, outliers, baseline, thresholds: null, cells, linking: null, plain);
        DetectionThresholds thresholds = ThresholdFit.Fit(Maxima(untold, held), untold.IsAdvisory, trimmed);
        return new DetectionCalibration(profile, order.Length, tables, outliers, baseline, thresholds, cells, LinkingOf(tables, baseline, held, seed), plain);
    }

    /// <summary>A calibration without callers: tables of benign queries, for the cold start and the odometer.</summary>
    /// <param name="profile">By which the queries were measured.</param>
    /// <param name="benign">At least one.</param>
    /// <param name="proxies">As for <see cref="Fit"/>.</param>
    public static DetectionCalibration FitRows(DetectionProfile profile, ReadOnlySpan<QuerySignals> benign, ReadOnlySpan<QuerySignals> proxies)
    {
        SignalTables tables = TableFit.Fit(profile.Classes, benign);
        return new DetectionCalibration(
            profile, callers: 0, tables, OutlierFit.Fit(tables, benign, proxies), baseline: null, thresholds: null,
            OdometerCells.Learn(Math.Max(profile.Classes, 1), benign), linking: null, PlainOf(profile.Classes, benign, tables, []));
    }

    /// <summary>Of so many callers, those that only thresholds are made of.</summary>
    public static int HeldCallers(int callers) => callers - Math.Min(callers / 2, MostFitted);

    /// <summary>Lifetime maxima of every statistic, [statistic][caller].</summary>
    public static float[][] Maxima(DetectionCalibration calibration, IReadOnlyList<CallerHistory> callers)
    {
        float[][] maxima = [.. Enumerable.Range(0, DetectionThresholds.Statistics).Select(_ => new float[callers.Count])];
        Parallel.For(0, callers.Count, caller =>
        {
            CallerWatch watch = default;
            QuerySignals[] queries = callers[caller].Queries;
            for (int i = 0; i < queries.Length; i++)
            {
                CallerUpdate.Apply(calibration, ref watch, in queries[i], i * 1_000_000_000L);
            }

            for (int statistic = 0; statistic < maxima.Length; statistic++)
            {
                maxima[statistic][caller] = CallerUpdate.Maximum(in watch, (DetectionStatistic)statistic);
            }
        });
        return maxima;
    }

    /// <summary>Queries of all callers, evenly chosen where there are too many.</summary>
    private static QuerySignals[] Sample(CallerHistory[] callers)
    {
        long total = callers.Sum(caller => (long)caller.Queries.Length);
        int step = (int)((total + MostRows - 1) / MostRows);
        List<QuerySignals> rows = new((int)(total / step) + 1);
        long place = 0;
        foreach (CallerHistory caller in callers)
        {
            foreach (QuerySignals query in caller.Queries)
            {
                if (place++ % step == 0)
                {
                    rows.Add(query);
                }
            }
        }

        return [.. rows];
    }

    private static PlainBaseline PlainOf(int classes, ReadOnlySpan<QuerySignals> rows, SignalTables tables, IReadOnlyList<CallerHistory> callers)
    {
        float[] shares = new float[Math.Max(classes, 1)];
        int borderline = 0;
        foreach (ref readonly QuerySignals row in rows)
        {
            if ((uint)row.Label < (uint)shares.Length)
            {
                shares[row.Label] += 1;
            }

            // ln(p1 / p2) gives p2. NaN where there is no confidence: not borderline.
            borderline += row.Confidence * (1 - MathF.Exp(-row.Scalars[(int)SignalScalar.LogMargin])) < .1f ? 1 : 0;
        }

        for (int label = 0; label < shares.Length; label++)
        {
            shares[label] /= rows.Length;
        }

        float[] mean = new float[QuerySignals.VectorLength];
        float[] spread = new float[QuerySignals.VectorLength];
        CallerHistory[] lasting = [.. callers.Where(caller => caller.Queries.Length >= DriftQueries)];
        if (lasting.Length > 1)
        {
            double[][] means = [.. lasting.Select(caller => MeanOf(tables, caller.Queries.AsSpan(0, DriftQueries)))];
            for (int i = 0; i < mean.Length; i++)
            {
                double middle = means.Average(one => one[i]);
                mean[i] = (float)middle;
                spread[i] = (float)Math.Sqrt(means.Sum(one => (one[i] - middle) * (one[i] - middle)) / (lasting.Length - 1));
            }
        }

        return new PlainBaseline { LabelShares = shares, BorderlineShare = (float)borderline / rows.Length, VectorMean = mean, VectorSpread = spread };
    }

    /// <summary>How much callers whom the whitening was not fitted to resemble each other.</summary>
    private static LinkingBaseline LinkingOf(SignalTables tables, CallerBaseline baseline, CallerHistory[] held, ulong seed)
    {
        float[][] means = new float[LinkingBaseline.Queries.Length][];
        VectorBaseline?[] vectors = new VectorBaseline?[LinkingBaseline.Queries.Length];
        for (int at = 0; at < means.Length; at++)
        {
            int queries = LinkingBaseline.Queries[at];
            means[at] = [.. held.Where(caller => caller.Queries.Length >= queries).SelectMany(caller => MeanOf(tables, caller.Queries.AsSpan(0, queries))).Select(value => (float)value)];
            int checkpoint = Array.IndexOf(baseline.Checkpoints, queries);
            vectors[at] = checkpoint < 0 ? null : baseline.Cumulative[checkpoint];
        }

        return LinkingBaseline.Fit(means, vectors, seed, NearQueryFit.Measure(held));
    }

    private static double[] MeanOf(SignalTables tables, ReadOnlySpan<QuerySignals> queries)
    {
        double[] mean = new double[QuerySignals.VectorLength];
        Span<float> z = stackalloc float[QuerySignals.ScalarCount];
        Span<float> v = stackalloc float[QuerySignals.VectorLength];
        foreach (ref readonly QuerySignals query in queries)
        {
            tables.Transform(in query, z);
            BaselineFit.Vector(z, v);
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += v[i] / (double)queries.Length;
            }
        }

        return mean;
    }

    /// <summary>An order that the callers' names have no say in (the finaliser of SplitMix64).</summary>
    private static ulong Mix(ulong seed, ulong caller)
    {
        ulong z = caller + (seed * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
