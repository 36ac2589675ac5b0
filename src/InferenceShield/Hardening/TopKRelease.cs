using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>Keeps the k largest classes of a distribution, equals by lower index.</summary>
internal static class TopKRelease
{
    /// <summary>The most classes that <see cref="Round"/> takes.</summary>
    public const int MostRounded = 64;

    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class: kept even where k others have drawn level with it.</param>
    /// <param name="remainder">What the others get.</param>
    /// <param name="chosen">Scratch: as long as k, 1 to the number of classes.</param>
    /// <param name="kept">Scratch, as long as the distribution.</param>
    public static void Apply(Span<double> distribution, int top, TopKRemainder remainder, Span<int> chosen, Span<double> kept)
    {
        int found = Choose(distribution, top, chosen);
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

    /// <summary>Keeps the k largest and rounds them to the grid, without a look at the others: the same answer as keeping and rounding the
    /// whole row.</summary>
    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="chosen">Scratch: as long as k, 1 to <see cref="MostRounded"/>.</param>
    /// <param name="units">Grid steps between 0 and 1.</param>
    /// <param name="gridStep">One of them.</param>
    /// <param name="released">As long as the distribution.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Round(ReadOnlySpan<double> distribution, int top, Span<int> chosen, int units, double gridStep, Span<float> released)
    {
        chosen = chosen[..Choose(distribution, top, chosen)];
        double sum = 0;
        foreach (int index in chosen)
        {
            sum += distribution[index];
        }

        chosen.Sort(); // equals by index, as in a whole row
        Span<double> kept = stackalloc double[MostRounded];
        Span<double> remainders = stackalloc double[MostRounded];
        Span<int> ranked = stackalloc int[MostRounded];
        kept = kept[..chosen.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            kept[i] = distribution[chosen[i]] / sum;
        }

        GridRounding.Apply(kept, chosen.IndexOf(top), units, remainders[..chosen.Length], ranked[..Math.Min(chosen.Length, units)]);
        released.Clear();
        for (int i = 0; i < chosen.Length; i++)
        {
            released[chosen[i]] = (float)(kept[i] * gridStep);
        }
    }

    /// <returns>How many were found; the leading class is among them.</returns>
    private static int Choose(ReadOnlySpan<double> distribution, int top, Span<int> chosen)
    {
        int found = LargestSelection.Select(distribution, chosen);
        if (!chosen[..found].Contains(top))
        {
            chosen[0] = top;
        }

        return found;
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
