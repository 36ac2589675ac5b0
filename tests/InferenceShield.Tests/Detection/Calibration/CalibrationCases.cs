using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>Made-up honest callers: Gaussian scalars around a place of the label's and one of the caller's own, of many lengths of life.</summary>
internal static class CalibrationCases
{
    public const string Model = "model";

    private const int Labels = 3;

    public static DetectionProfile Profile(int secret = 1, string model = Model)
    {
        SeededRandom random = new(1, 1);
        float[] scores = new float[200 * Labels];
        for (int row = 0; row < 200; row++)
        {
            float first = .4f + (.15f * (1 + random.NextSigned()));
            float second = (1 - first) * (.5f + (.3f * random.NextSigned()));
            scores[(row * Labels) + (row % Labels)] = first;
            scores[(row * Labels) + ((row + 1) % Labels)] = second;
            scores[(row * Labels) + ((row + 2) % Labels)] = 1 - first - second;
        }

        using ShieldSecret shieldSecret = new(TestShield.Secret(secret));
        return DetectionProfile.Learn(shieldSecret, model, InputKind.Tabular, OutputKind.Probabilities, [], 0, scores, Labels);
    }

    /// <param name="count">Callers.</param>
    /// <param name="stream">Other callers for another number.</param>
    /// <param name="shift">Added to every second scalar of every query: what an attacker's differ by.</param>
    /// <param name="longest">Lives are 40 to this, log-uniform.</param>
    public static CallerHistory[] Callers(int count, ulong stream, float shift = 0, int longest = 300)
    {
        CallerHistory[] callers = new CallerHistory[count];
        for (int caller = 0; caller < count; caller++)
        {
            SeededRandom random = new(stream, (ulong)caller);
            float[] own = [.. Enumerable.Range(0, QuerySignals.ScalarCount).Select(_ => .4f * Gaussian(ref random))];
            double repeats = caller % 4 == 0 ? .03 : 0;
            int length = (int)(40 * Math.Pow(longest / 40.0, Share(ref random)));
            QuerySignals[] queries = new QuerySignals[length];
            for (int i = 0; i < length; i++)
            {
                queries[i] = Query(ref random, own, shift);
                if (i > 0 && Share(ref random) < repeats)
                {
                    queries[i].SimHash = queries[i - 1].SimHash ^ 1;
                }
            }

            callers[caller] = new CallerHistory(random.NextUInt64(), queries);
        }

        return callers;
    }

    public static QuerySignals[] Rows(int count, ulong stream, float shift = 0)
    {
        SeededRandom random = new(stream, 77);
        float[] own = new float[QuerySignals.ScalarCount];
        QuerySignals[] rows = new QuerySignals[count];
        for (int i = 0; i < count; i++)
        {
            rows[i] = Query(ref random, own, shift);
        }

        return rows;
    }

    /// <summary>Share of the callers that are alarmed at a level of a family.</summary>
    public static double Alarmed(DetectionCalibration calibration, CallerHistory[] callers, DetectionFamily family, DetectionLevel level) =>
        callers.AsParallel().Count(caller =>
        {
            CallerMonitor monitor = new(calibration);
            foreach (QuerySignals query in caller.Queries)
            {
                monitor.Observe(in query);
            }

            return monitor.Verdicts.Any(verdict => verdict.Family == family && verdict.Level == level);
        }) / (double)callers.Length;

    public static float Gaussian(ref SeededRandom random)
    {
        double radius = Math.Sqrt(-2 * Math.Log(Math.Max(Share(ref random), 1e-300)));
        return (float)(radius * Math.Cos(2 * Math.PI * Share(ref random)));
    }

    public static double Share(ref SeededRandom random) => (random.NextUInt64() >> 11) * (1.0 / (1L << 53));

    private static QuerySignals Query(ref SeededRandom random, float[] own, float shift)
    {
        QuerySignals query = default;
        query.Label = random.NextInt32(Labels);
        query.Second = (query.Label + 1) % Labels;
        query.Confidence = .8f;
        query.SimHash = random.NextUInt64();
        query.Exact = random.NextUInt64() | 1;
        float common = Gaussian(ref random);
        for (int i = 0; i < QuerySignals.ScalarCount; i++)
        {
            query.Scalars[i] = (3 * query.Label) + own[i] + (.6f * common) + (.8f * Gaussian(ref random)) + (i % 2 == 0 ? shift : 0);
        }

        return query;
    }
}
