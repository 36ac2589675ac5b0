namespace InferenceShield;

/// <summary>Quantiles of a sample, linear between neighbours (Hyndman and Fan, 1996, type 7).</summary>
internal static class SampleQuantile
{
    /// <param name="ascending">At least one number, in ascending order.</param>
    /// <param name="share">0 to 1.</param>
    public static float Of(ReadOnlySpan<float> ascending, double share)
    {
        double place = share * (ascending.Length - 1);
        int below = (int)place;
        float lower = ascending[below];
        float upper = ascending[Math.Min(below + 1, ascending.Length - 1)];
        return (float)(lower + ((place - below) * (upper - (double)lower)));
    }

    /// <summary>Sorts in place, then the quantile.</summary>
    public static float OfUnsorted(Span<float> values, double share)
    {
        values.Sort();
        return Of(values, share);
    }
}
