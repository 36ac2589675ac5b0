namespace InferenceShield.Statistics.Postures;

/// <summary>Inputs, row after row, with their labels.</summary>
internal sealed record LabeledRows(float[] Values, int[] Labels, int Features)
{
    public int Count => Labels.Length;

    public ReadOnlySpan<float> this[int row] => Values.AsSpan(row * Features, Features);

    public LabeledRows Take(ReadOnlySpan<int> rows)
    {
        float[] values = new float[rows.Length * Features];
        int[] labels = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            this[rows[i]].CopyTo(values.AsSpan(i * Features));
            labels[i] = Labels[rows[i]];
        }

        return new LabeledRows(values, labels, Features);
    }
}
