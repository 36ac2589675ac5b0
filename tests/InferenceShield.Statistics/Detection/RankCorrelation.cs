namespace InferenceShield.Statistics.Detection;

/// <summary>Spearman's rank correlation; equal values share the mean of their ranks.</summary>
internal static class RankCorrelation
{
    public static double Of(double[] left, double[] right)
    {
        double[] first = Ranks(left);
        double[] second = Ranks(right);
        double mean = (left.Length + 1) / 2.0;
        double product = 0;
        double squares = 0;
        double others = 0;
        for (int i = 0; i < first.Length; i++)
        {
            product += (first[i] - mean) * (second[i] - mean);
            squares += (first[i] - mean) * (first[i] - mean);
            others += (second[i] - mean) * (second[i] - mean);
        }

        // Of values that are all equal nothing follows.
        return squares == 0 || others == 0 ? 0 : product / Math.Sqrt(squares * others);
    }

    private static double[] Ranks(double[] values)
    {
        int[] order = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
        double[] ranks = new double[values.Length];
        for (int from = 0; from < order.Length;)
        {
            int to = from;
            while (to < order.Length && values[order[to]] == values[order[from]])
            {
                to++;
            }

            for (int i = from; i < to; i++)
            {
                ranks[order[i]] = (from + to + 1) / 2.0;
            }

            from = to;
        }

        return ranks;
    }
}
