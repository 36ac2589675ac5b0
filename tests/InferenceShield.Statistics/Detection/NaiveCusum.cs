namespace InferenceShield.Statistics.Detection;

/// <summary>A CUSUM of e-values against benign queries at ln 1000, as textbooks have it: here to show why nobody should use it.</summary>
/// <remarks>
/// e is the mean, over scalars and over exponents k in {.1, .25, .4, .6, .8}, of k p^(k-1) (Vovk and Wang, 2021), p two-sided from the rank among benign
/// queries, of the same label or of all. S = max(0, S + ln e). The e-values are right for callers who draw their queries from that pool;
/// no honest caller does.
/// </remarks>
internal sealed class NaiveCusum(SignalTables tables, bool isPooled)
{
    private static readonly double s_threshold = Math.Log(1_000);
    private static readonly double[] s_exponents = [0.1, 0.25, 0.4, 0.6, 0.8];

    /// <summary>The mean over exponents for each rank.</summary>
    private static readonly double[] s_evidence = [.. Enumerable.Range(0, SignalTables.Quantiles + 1).Select(rank =>
    {
        double u = (rank + 0.5) / (SignalTables.Quantiles + 1);
        double p = 2 * Math.Min(u, 1 - u);
        return s_exponents.Average(exponent => exponent * Math.Pow(p, exponent - 1));
    })];

    /// <summary>Whether a life is alarmed.</summary>
    public bool Alarms(ReadOnlySpan<QuerySignals> life)
    {
        double sum = 0;
        foreach (ref readonly QuerySignals query in life)
        {
            int table = isPooled ? 0 : tables.TableOf[query.Label];
            double evidence = 0;
            int scalars = 0;
            for (int scalar = 0; scalar < QuerySignals.ScalarCount; scalar++)
            {
                if (tables.Active[scalar])
                {
                    ReadOnlySpan<float> quantiles = tables.Values.AsSpan(((table * QuerySignals.ScalarCount) + scalar) * SignalTables.Quantiles, SignalTables.Quantiles);
                    int rank = quantiles.BinarySearch(query.Scalars[scalar]);
                    evidence += s_evidence[rank < 0 ? ~rank : rank];
                    scalars++;
                }
            }

            sum = Math.Max(0, sum + Math.Log(evidence / scalars));
            if (sum > s_threshold)
            {
                return true;
            }
        }

        return false;
    }
}
