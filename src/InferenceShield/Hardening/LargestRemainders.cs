using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Gives the missing grid steps to the largest remainders, equals by lower index, without sorting.</summary>
/// <remarks>A threshold is searched for on 32-bit keys: counts of keys above it close in on the number of missing steps by
/// interpolation and halving, a pass of vectors each, mostly five to eight of them. What the keys cannot tell apart is
/// chosen by its full remainder.</remarks>
internal static class LargestRemainders
{
    /// <summary>The key of 1. Remainders are below.</summary>
    private const int One = 0x3FF00000;

    /// <summary>Keys in an octave.</summary>
    private const int Octave = 1 << 20;

    /// <param name="steps">A step is added where it is due.</param>
    /// <param name="remainders">As long. Overwritten.</param>
    /// <param name="keys">As long: their upper halves.</param>
    /// <param name="missing">Steps to give, at most as many as there are classes.</param>
    /// <param name="chosen">Scratch, at least as long as <paramref name="missing"/>.</param>
    /// <returns>How many were given: fewer only when fewer remainders are positive.</returns>
    public static int Give(Span<double> steps, Span<double> remainders, ReadOnlySpan<int> keys, int missing, Span<int> chosen)
    {
        if (missing == 0)
        {
            return 0;
        }

        // Fewer than missing keys are at or above the upper bound, not fewer at or above the lower one.
        int upper = One;
        int above = 0;
        int lower = upper;
        int atLeast;
        int width = Octave;
        do
        {
            lower = Math.Max(1, lower - width);
            width *= 2;
            atLeast = GridSplit.CountFrom(keys, lower);
            if (atLeast < missing)
            {
                (upper, above) = (lower, atLeast);
            }
        }
        while (atLeast < missing && lower > 1);

        if (atLeast < missing)
        {
            (lower, atLeast) = (0, keys.Length);
        }

        bool halve = false;
        while (atLeast > missing && upper - lower > 1)
        {
            int range = upper - lower;
            int guess = lower + (range / 2);
            if (!halve)
            {
                guess = Math.Clamp(lower + (int)(range * ((atLeast - missing + 0.5) / (atLeast - above))), lower + 1, upper - 1);
            }

            int count = GridSplit.CountFrom(keys, guess);
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

        if (atLeast == missing && lower > 0)
        {
            GridSplit.AddFrom(steps, keys, lower);
            return missing;
        }

        GridSplit.AddFrom(steps, keys, upper);
        for (int i = 0; i < remainders.Length; i++)
        {
            remainders[i] = keys[i] >= lower && keys[i] < upper ? remainders[i] : 0;
        }

        int found = LargestSelection.Select(remainders, chosen[..(missing - above)]);
        foreach (int index in chosen[..found])
        {
            steps[index]++;
        }

        return above + found;
    }
}
