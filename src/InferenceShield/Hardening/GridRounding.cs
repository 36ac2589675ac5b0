using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Rounds a distribution to a decimal grid on which it sums to exactly 1 and has one strict maximum.</summary>
/// <remarks>Largest remainder (Hamilton's method): every probability is rounded down, and the missing grid steps go to
/// those that lost most, equals by lower index. Then any class that drew level with the leading one gives it a step.
/// Classes of probability 0 stay 0.</remarks>
internal static class GridRounding
{
    /// <param name="distribution">Non-negative, sums to 1, largest at <paramref name="top"/>. Overwritten with the grid steps (whole numbers).</param>
    /// <param name="top">The leading class.</param>
    /// <param name="units">Grid steps between 0 and 1.</param>
    /// <param name="remainders">Scratch, as long as the distribution.</param>
    /// <param name="chosen">Scratch, as long as the smaller of distribution and units.</param>
    public static void Apply(Span<double> distribution, int top, int units, Span<double> remainders, Span<int> chosen)
    {
        Span<int> keys = HardeningScratch.ForThisThread.Keys(distribution.Length);
        double given = GridSplit.Split(distribution, units, keys);
        int missing = Math.Clamp((int)(units - given), 0, chosen.Length);
        int found = LargestRemainders.Give(distribution, units, keys, missing, remainders, chosen);
        distribution[top] += units - given - found;
        if (!GridSplit.SeveralFrom(distribution, Math.Max(1, distribution[top])))
        {
            return;
        }

        for (int i = 0; i < distribution.Length; i++)
        {
            if (i != top && distribution[i] > 0 && distribution[i] >= distribution[top])
            {
                distribution[i]--;
                distribution[top]++;
            }
        }
    }
}
