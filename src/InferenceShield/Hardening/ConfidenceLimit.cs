namespace InferenceShield;

/// <summary>Releases that look at how large a probability is: a cap on the largest, a floor for the others.</summary>
internal static class ConfidenceLimit
{
    /// <summary>Releases a leader above the cap as the cap; what that frees goes to the others, whose ratios stay.</summary>
    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="cap">0.5 to 1: then the others together have no more than the leader.</param>
    public static void Cap(Span<double> distribution, int top, double cap)
    {
        if (distribution[top] <= cap || distribution.Length == 1)
        {
            return;
        }

        double rest = 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            rest += i == top ? 0 : distribution[i];
        }

        double free = 1 - cap;
        for (int i = 0; i < distribution.Length; i++)
        {
            // Divided first: the rest may be so small that its inverse is infinite.
            distribution[i] = rest > 0 ? distribution[i] / rest * free : free / (distribution.Length - 1);
        }

        distribution[top] = cap;
    }

    /// <summary>Releases classes below the cutoff as 0 and scales the others up. The leader stays whatever it has.</summary>
    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="cutoff">0 to 1.</param>
    public static void DropBelow(Span<double> distribution, int top, double cutoff)
    {
        // As floats, which the model's scores were: normalising must not push a score of just the cutoff below it.
        float bound = (float)cutoff;
        double sum = 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] = i == top || (float)distribution[i] >= bound ? distribution[i] : 0;
            sum += distribution[i];
        }

        for (int i = 0; i < distribution.Length; i++)
        {
            distribution[i] /= sum;
        }
    }
}
