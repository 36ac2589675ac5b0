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
        (int lower, int atLeast, int upper, int above) = Search(keys, missing, Largest, Octave);
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

    /// <summary>Searches for the bound above which as many keys are as steps are missing.</summary>
    /// <param name="keys">Not negative.</param>
    /// <param name="missing">How many; at most as many as there are keys.</param>
    /// <param name="largest">No key is above it.</param>
    /// <param name="octave">The keys from one power of two to the next.</param>
    /// <returns>At least as many keys are above the lower bound as are missing, and fewer above the upper one, each with its count. Where the
    /// first count is not what is missing, no bound is.</returns>
    public static (int Lower, int AtLeast, int Upper, int Above) Search(ReadOnlySpan<int> keys, int missing, int largest, int octave)
    {
        int upper = largest;
        int above = 0;
        int lower = largest;
        int atLeast = missing == 0 ? 0 : -1;
        for (int width = octave; atLeast < missing && lower > 0; width *= 2)
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

        return (lower, atLeast, upper, above);
    }
}
