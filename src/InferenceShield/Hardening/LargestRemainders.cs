using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Gives the missing grid steps to the largest remainders, equals by lower index, without sorting.</summary>
/// <remarks>A threshold is searched for on 32-bit keys: counts of keys above it close in on the number of missing steps by
/// interpolation and halving, a pass of vectors each, mostly six to nine of them. What the keys cannot tell apart is chosen
/// by its full remainder.</remarks>
internal static class LargestRemainders
{
    /// <summary>The largest key: remainders are below 1.</summary>
    private const int Largest = 0x3FF00000 - 1;

    /// <summary>Keys in an octave.</summary>
    private const int Octave = 1 << 20;

    /// <summary>Replaces shares by whole grid steps, the missing ones among them.</summary>
    /// <param name="shares">Not negative.</param>
    /// <param name="units">Grid steps to a share of 1.</param>
    /// <param name="keys">As long: see <see cref="GridSplit.Split"/>.</param>
    /// <param name="missing">Steps to give, at most as many as there are classes.</param>
    /// <param name="remainders">Scratch, as long as the shares.</param>
    /// <param name="chosen">Scratch, at least as long as <paramref name="missing"/>.</param>
    /// <returns>How many were given: fewer only when fewer shares are positive.</returns>
    public static int Give(Span<double> shares, double units, ReadOnlySpan<int> keys, int missing, Span<double> remainders, Span<int> chosen)
    {
        // Fewer keys than steps are missing are above the upper bound; at least as many are above the lower one.
        int upper = Largest;
        int above = 0;
        int lower = Largest;
        int atLeast = missing == 0 ? 0 : -1;
        for (int width = Octave; atLeast < missing && lower > 0; width *= 2)
        {
            lower = Math.Max(0, lower - width);
            atLeast = GridSplit.CountAbove(keys, lower);
            if (atLeast < missing)
            {
                (upper, above) = (lower, atLeast);
            }
        }

        if (atLeast < missing)
        {
            (lower, atLeast) = (-1, keys.Length); // among those whose key is 0
        }

        bool halve = false;
        while (atLeast > missing && upper - lower > 1)
        {
            int range = upper - lower;
            int guess = halve ? lower + (range / 2) : lower + (int)(range * ((atLeast - missing + 0.5) / (atLeast - above)));
            guess = Math.Clamp(guess, lower + 1, upper - 1);
            int count = GridSplit.CountAbove(keys, guess);
            if (count < missing)
            {
                (upper, above) = (guess, count);
            }
            else
            {
                (lower, atLeast) = (guess, count);
            }

            halve = upper - lower > range / 2;
        }

        if (atLeast == missing && lower >= 0)
        {
            GridSplit.Finish(shares, units, keys, lower);
            return missing;
        }

        for (int i = 0; i < shares.Length; i++)
        {
            remainders[i] = keys[i] > lower && keys[i] <= upper ? GridSplit.Remainder(shares[i], units) : 0;
        }

        GridSplit.Finish(shares, units, keys, upper);
        int found = LargestSelection.Select(remainders, chosen[..(missing - above)]);
        foreach (int index in chosen[..found])
        {
            shares[index]++;
        }

        return above + found;
    }
}
