namespace InferenceShield;

/// <summary>How often honest callers ask what is nearly another caller's query: detection.md 3.5, cross-caller near-duplicates.</summary>
internal static class NearQueryFit
{
    /// <summary>Queries of a caller below which its share is chance.</summary>
    private const int FewestQueries = 32;

    private const double Quantile = .99;

    /// <summary>Where honest callers have no such queries, one in so many is still nothing to link by.</summary>
    private const float LeastShare = .001f;

    /// <summary>The 99 % quantile over callers of their shares of queries that are nearly, but not exactly, another caller's; 1 in 1,000 at
    /// least, NaN where no caller has 32 queries whose inputs are seen.</summary>
    /// <param name="callers">Honest ones. Replayed as if all asked at the same time, a query each in turn: more of their queries meet in the
    /// table than do when they come and go, so the share is rather too high than too low.</param>
    public static float Measure(IReadOnlyList<CallerHistory> callers)
    {
        NearQueryTable table = new();
        int[] seen = new int[callers.Count];
        int[] near = new int[callers.Count];
        int longest = callers.Max(caller => caller.Queries.Length);
        for (int turn = 0; turn < longest; turn++)
        {
            for (int caller = 0; caller < seen.Length; caller++)
            {
                QuerySignals[] queries = callers[caller].Queries;
                if (turn < queries.Length && (queries[turn].Exact != 0 || queries[turn].SimHash != 0))
                {
                    seen[caller]++;
                    near[caller] += table.Note((uint)caller + 1, queries[turn].SimHash, queries[turn].Exact, out _) ? 1 : 0;
                }
            }
        }

        float[] shares = [.. Enumerable.Range(0, seen.Length).Where(caller => seen[caller] >= FewestQueries).Select(caller => (float)near[caller] / seen[caller])];
        return shares.Length == 0 ? float.NaN : Math.Max(LeastShare, SampleQuantile.OfUnsorted(shares, Quantile));
    }
}
