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

        kept.Clear();
        double sum = 0;
        double least = 1;
        foreach (int index in chosen[..found])
        {
            kept[index] = distribution[index];
            sum += distribution[index];
            least = Math.Min(least, distribution[index]);
        }

        if (remainder == TopKRemainder.Zero)
        {
            for (int i = 0; i < distribution.Length; i++)
            {
                distribution[i] = kept[i] / sum;
            }

            return;
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
}
