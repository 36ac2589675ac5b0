namespace InferenceShield.Numerics;

/// <summary>Copies rows of input so that whatever they hold is finite. Element by element, so the bits are the same everywhere.</summary>
internal static class FiniteRow
{
    /// <summary>NaN becomes 0; all else is held between two bounds.</summary>
    public static void Clamp(ReadOnlySpan<float> row, float least, float largest, Span<float> finite)
    {
        for (int i = 0; i < row.Length; i++)
        {
            finite[i] = Clamp(row[i], least, largest);
        }
    }

    /// <summary>(x - mean) * factor, NaN as 0, held between -bound and bound.</summary>
    public static void Standardise(ReadOnlySpan<float> row, ReadOnlySpan<float> means, ReadOnlySpan<float> factors, float bound, Span<float> finite)
    {
        for (int i = 0; i < row.Length; i++)
        {
            float x = (row[i] - means[i]) * factors[i];
            finite[i] = Clamp(x, -bound, bound);
        }
    }

    private static float Clamp(float x, float least, float largest)
    {
        x = float.IsNaN(x) ? 0 : x;
        x = x > least ? x : least;
        return x < largest ? x : largest;
    }
}
