namespace InferenceShield;

/// <summary>Rounds a distribution to significant digits so that it sums to exactly 1 and has one strict maximum.</summary>
/// <remarks>
/// <para>On the grid of five decimals, the finest on which no rank leaks. The leading class is 1 less the others: it may
/// show more digits than they, and says nothing that they do not.</para>
/// <para>Largest remainder with steps of several sizes: the others are rounded down, and then those that lost the largest part
/// of a step get one, equals by lower index, while what was lost lasts and the leader stays ahead. Who lost more than half
/// may also take from the leader, up to one step of the leader's own last digit.</para>
/// </remarks>
internal static class SignificantRounding
{
    /// <summary>Of a number below 1 with one digit kept, on the grid of five decimals.</summary>
    private const int LargestStep = ReleaseGrid.Units / 10;

    private const int IndexBits = 31;

    /// <param name="distribution">Non-negative, sums to 1, none above <paramref name="top"/>. Overwritten with the steps of
    /// <see cref="ReleaseGrid"/> (whole numbers).</param>
    /// <param name="top">The leading class.</param>
    /// <param name="digits">1 to 5.</param>
    /// <param name="remainders">Scratch, as long as the distribution.</param>
    /// <param name="chosen">Scratch, as long as the smaller of distribution and <see cref="ReleaseGrid.Units"/>.</param>
    public static void Apply(Span<double> distribution, int top, int digits, Span<double> remainders, Span<int> chosen)
    {
        GridRounding.Apply(distribution, top, ReleaseGrid.Units, remainders, chosen);
        int leader = (int)distribution[top];
        int most = Power(digits);
        int count = 0;
        int room = 0;
        int highest = 0; // of the other classes
        for (int i = 0; i < distribution.Length; i++)
        {
            int steps = (int)distribution[i];
            int step = StepOf(steps, most);
            int lost = steps % step;
            if (i == top)
            {
                continue;
            }

            highest = Math.Max(highest, steps - lost);
            if (lost == 0)
            {
                continue;
            }

            // Ascending keys: the largest part of a step first, then the lower index. Whole numbers below 2^53.
            remainders[count++] = ((long)(LargestStep - (lost * (LargestStep / step))) << IndexBits) | (uint)i;
            room += lost;
            distribution[i] = steps - lost;
        }

        int spare = StepOf(leader, most);
        Span<double> losses = remainders[..count];
        losses.Sort();
        foreach (double loss in losses)
        {
            int i = (int)((long)loss & int.MaxValue);
            int step = StepOf((int)distribution[i], most);
            int raised = (int)distribution[i] + step;
            int left = room - step;
            bool isMostOfIt = 2 * ((long)loss >> IndexBits) < LargestStep;
            if (left >= (isMostOfIt ? -spare : 0) && leader + left > Math.Max(highest, raised))
            {
                distribution[i] = raised;
                highest = Math.Max(highest, raised);
                room = left;
            }
        }

        distribution[top] = leader + room;
    }

    /// <summary>The value of the last digit that is kept.</summary>
    private static int StepOf(int steps, int most)
    {
        int step = 1;
        for (; steps >= most; steps /= 10)
        {
            step *= 10;
        }

        return step;
    }

    private static int Power(int digits)
    {
        int power = 1;
        for (int i = 0; i < digits; i++)
        {
            power *= 10;
        }

        return power;
    }
}
