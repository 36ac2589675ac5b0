namespace InferenceShield.Numerics;

/// <summary>Natural logarithms of probabilities, the same bits on every machine and at every vector width.</summary>
internal static class NaturalLogs
{
    /// <summary>logs[i] = ln(values[i] + offset).</summary>
    /// <param name="values">From 0 to 1.</param>
    /// <param name="offset">Above 0.</param>
    /// <param name="logs">As long.</param>
    public static void Fill(ReadOnlySpan<float> values, float offset, Span<float> logs)
    {
        for (int i = 0; i < values.Length; i++)
        {
            logs[i] = MathF.Log(values[i] + offset);
        }
    }
}
