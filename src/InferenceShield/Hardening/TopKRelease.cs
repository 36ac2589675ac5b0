namespace InferenceShield;

/// <summary>Keeps the k largest classes of a distribution, equals by lower index.</summary>
internal static class TopKRelease
{
    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class: kept even where k others have drawn level with it.</param>
    /// <param name="remainder">What the others get.</param>
    /// <param name="chosen">Scratch: as long as k, 1 to the number of classes.</param>
    /// <param name="kept">Scratch, as long as the distribution.</param>
    public static void Apply(Span<double> distribution, int top, TopKRemainder remainder, Span<int> chosen, Span<double> kept)
    {
        int found = LargestSelection.Select(distribution, chosen);
        if (!chosen[..found].Contains(top))
        {
            chosen[0] = top;
        }

        if (remainder == TopKRemainder.Zero)
        {
            KeepOnly(distribution, chosen[..found], kept);
            return;
        }

        kept.Clear();
        double least = 1;
        foreach (int index in chosen[..found])
        {
            kept[index] = distribution[index];
            least = Math.Min(least, distribution[index]);
        }

        double rest = 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            rest += kept[i] == 0 ? distribution[i] : 0;
        }

        // The mean of the others is not above any that is kept, but for rounding.
        double share = found < distribution.Length ? Math.Min(rest / (distribution.Length - found), least) : 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] = kept[i] == 0 ? share : kept[i];
        }
    }

    private static void KeepOnly(Span<double> distribution, ReadOnlySpan<int> chosen, Span<double> kept)
    {
        double sum = 0;
        for (int i = 0; i < chosen.Length; i++)
        {
            kept[i] = distribution[chosen[i]];
            sum += kept[i];
        }

        distribution.Clear();
        for (int i = 0; i < chosen.Length; i++)
        {
            distribution[chosen[i]] = kept[i] / sum;
        }
    }
}
