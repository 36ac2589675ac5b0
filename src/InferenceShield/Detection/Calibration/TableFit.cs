namespace InferenceShield;

/// <summary>Learns <see cref="SignalTables"/> of benign queries.</summary>
internal static class TableFit
{
    /// <summary>A label with fewer queries uses the table of all labels.</summary>
    public const int FewestRows = 200;

    private const int LowerQuartile = 31;
    private const int UpperQuartile = 95;

    /// <param name="classes">Labels are 0 to classes - 1; others count for all labels together only.</param>
    /// <param name="rows">At least one. Numbers that are not finite are passed over.</param>
    public static SignalTables Fit(int classes, ReadOnlySpan<QuerySignals> rows)
    {
        int labels = Math.Max(classes, 1);
        int[] order = ByLabel(labels, rows, out int[] starts);
        int[] tableOf = new int[labels];
        int tables = 1;
        for (int label = 0; label < labels; label++)
        {
            tableOf[label] = starts[label + 1] - starts[label] >= FewestRows ? tables++ : 0;
        }

        float[] values = new float[tables * QuerySignals.ScalarCount * SignalTables.Quantiles];
        float[] ranges = new float[tables * QuerySignals.ScalarCount];
        bool[] active = new bool[QuerySignals.ScalarCount];
        float[] column = new float[rows.Length];
        for (int scalar = 0; scalar < QuerySignals.ScalarCount; scalar++)
        {
            Fill(0, scalar, Gather(rows, order, scalar, column), values);
            ReadOnlySpan<float> pooled = Table(values, 0, scalar);
            active[scalar] = pooled[^1] > pooled[0];
            float range = PositiveRange(pooled, active[scalar] ? pooled[^1] - pooled[0] : 1);
            ranges[scalar] = range;
            for (int label = 0; label < labels; label++)
            {
                int table = tableOf[label];
                if (table > 0)
                {
                    Fill(table, scalar, Gather(rows, order.AsSpan(starts[label]..starts[label + 1]), scalar, column), values);
                    ranges[(table * QuerySignals.ScalarCount) + scalar] = PositiveRange(Table(values, table, scalar), range);
                }
            }
        }

        return new SignalTables { Active = active, TableOf = tableOf, Values = values, Ranges = ranges };
    }

    /// <summary>The rows' places, ordered by label; those of label i lie in starts[i]..starts[i + 1], those of none at the end.</summary>
    private static int[] ByLabel(int labels, ReadOnlySpan<QuerySignals> rows, out int[] starts)
    {
        starts = new int[labels + 2];
        foreach (ref readonly QuerySignals row in rows)
        {
            starts[Math.Min((uint)row.Label, (uint)labels) + 1]++;
        }

        for (int label = 0; label <= labels; label++)
        {
            starts[label + 1] += starts[label];
        }

        int[] next = [.. starts];
        int[] order = new int[rows.Length];
        for (int row = 0; row < rows.Length; row++)
        {
            order[next[Math.Min((uint)rows[row].Label, (uint)labels)]++] = row;
        }

        return order;
    }

    private static Span<float> Gather(ReadOnlySpan<QuerySignals> rows, ReadOnlySpan<int> order, int scalar, Span<float> column)
    {
        int count = 0;
        foreach (int row in order)
        {
            float value = rows[row].Scalars[scalar];
            if (float.IsFinite(value))
            {
                column[count++] = value;
            }
        }

        return column[..count];
    }

    private static void Fill(int table, int scalar, Span<float> column, Span<float> values)
    {
        Span<float> quantiles = Table(values, table, scalar);
        if (column.IsEmpty)
        {
            Table(values, 0, scalar).CopyTo(quantiles); // zeros for the pooled table itself
            return;
        }

        column.Sort();
        for (int i = 0; i < quantiles.Length; i++)
        {
            quantiles[i] = SampleQuantile.Of(column, (i + 1) / (SignalTables.Quantiles + 1.0));
        }
    }

    private static float PositiveRange(ReadOnlySpan<float> quantiles, float otherwise)
    {
        float range = quantiles[UpperQuartile] - quantiles[LowerQuartile];
        range = range > 0 ? range : quantiles[^1] - quantiles[0];
        return range > 0 && float.IsFinite(range) ? range : otherwise;
    }

    private static Span<float> Table(Span<float> values, int table, int scalar) =>
        values.Slice(((table * QuerySignals.ScalarCount) + scalar) * SignalTables.Quantiles, SignalTables.Quantiles);
}
