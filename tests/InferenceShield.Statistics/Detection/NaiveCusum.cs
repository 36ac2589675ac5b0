namespace InferenceShield.Statistics.Detection;

/// <summary>A CUSUM of e-values against benign queries at ln 1000, as textbooks have it: here to show why nobody should use it.</summary>
/// <remarks>
/// e is that of the cold start, neither capped nor discounted: the mean, over scalars and over exponents k in {.1, .25, .4, .6, .8}, of
/// k p^(k-1) (Vovk and Wang, 2021). S = max(0, S + ln e). It is right for callers who draw their queries from the pool; no honest caller does.
/// </remarks>
internal sealed class NaiveCusum(SignalTables tables)
{
    private static readonly double s_threshold = Math.Log(1_000);

    /// <summary>The same with one table for all labels.</summary>
    public static NaiveCusum Pooled(SignalTables tables) => new(
        new SignalTables { Active = tables.Active, TableOf = new int[tables.TableOf.Length], Values = tables.Values, Ranges = tables.Ranges });

    /// <summary>Whether a life is alarmed.</summary>
    public bool Alarms(ReadOnlySpan<QuerySignals> life)
    {
        double sum = 0;
        Span<float> z = stackalloc float[QuerySignals.ScalarCount];
        foreach (ref readonly QuerySignals query in life)
        {
            tables.Transform(in query, z);
            sum = Math.Max(0, sum + Math.Log(ColdStart.EvidenceOf(z, tables.Active)));
            if (sum > s_threshold)
            {
                return true;
            }
        }

        return false;
    }
}
