using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The leading few classes of a row of logits, rounded, by a look at the scores of the others and at the exponentials of none.</summary>
/// <remarks>The same answer as <see cref="TopKRelease.Round"/> of the whole distribution. What a last bit could decide there (remainders
/// next to each other or to a whole step, scores next to each other at the end of the few), ties with the leader and faults are left to
/// the long way.</remarks>
internal static class LeadingFew
{
    /// <summary>The most classes that are taken.</summary>
    public const int Most = 8;

    private const int MostCandidates = 32;

    /// <summary>Scores differ by nothing, or by so much that their exponentials do.</summary>
    private const double LeastGap = 1e-9;

    /// <summary>Exponentials of what is further below the largest may be 0 as shares.</summary>
    private const double Furthest = 600;

    /// <summary>What shares may be off by here or there, in parts of 1, fifty times over.</summary>
    private const double Error = 1e-13;

    /// <param name="clean">Logits: more than <paramref name="kept"/>.</param>
    /// <param name="kept">2 to <see cref="Most"/>.</param>
    /// <param name="units">Grid steps between 0 and 1.</param>
    /// <param name="gridStep">One of them.</param>
    /// <param name="released">As long; may be the same span. Not written if the answer is false.</param>
    /// <param name="top">The first of the largest.</param>
    /// <returns>False if the row must go the long way.</returns>
    public static bool TryRelease(ReadOnlySpan<float> clean, int kept, int units, double gridStep, Span<float> released, out int top)
    {
        // One more than is kept, the largest first, equals by index.
        Span<int> classes = stackalloc int[Most + 1];
        int found = Select(clean, kept, classes[..(kept + 1)]);
        top = classes[0];
        if (found < kept)
        {
            return false;
        }

        double largest = clean[top];
        double least = clean[classes[kept - 1]];
        if (largest - least > Furthest || (found > kept && least - clean[classes[kept]] is > 0 and < LeastGap))
        {
            return false;
        }

        Span<double> steps = stackalloc double[Most];
        classes = classes[..kept];
        steps = steps[..kept];
        if (!TryRound(clean, classes, units, steps))
        {
            return false;
        }

        released.Clear();
        for (int i = 0; i < kept; i++)
        {
            released[classes[i]] = (float)(steps[i] * gridStep);
        }

        return true;
    }

    /// <returns>How many were found: at least as many as are kept, and one more unless its score is well below; 0 if a score is not finite
    /// or too many are near.</returns>
    private static int Select(ReadOnlySpan<float> clean, int kept, Span<int> classes)
    {
        Span<int> candidates = stackalloc int[MostCandidates];
        int count;
        if (clean.Length < RowScan.Lanes)
        {
            count = FusedNoise.FindTop(clean) < 0 ? 0 : clean.Length;
            for (int i = 0; i < count; i++)
            {
                candidates[i] = i;
            }
        }
        else
        {
            // A little below, so that whatever is not a candidate has a score that is less by more than the least gap.
            count = RowScan.TryFindBar(clean, kept, out float bar)
                ? RowScan.Collect(clean, bar - (1e-5f * Math.Max(1, Math.Abs(bar))), candidates)
                : 0;
        }

        int found = 0;
        foreach (int candidate in candidates[..count])
        {
            int place = found;
            while (place > 0 && clean[classes[place - 1]] < clean[candidate])
            {
                if (place < classes.Length)
                {
                    classes[place] = classes[place - 1];
                }

                place--;
            }

            if (place < classes.Length)
            {
                classes[place] = candidate;
                found = Math.Min(found + 1, classes.Length);
            }
        }

        return found;
    }

    /// <summary>Largest remainder among the kept, the leader first.</summary>
    private static bool TryRound(ReadOnlySpan<float> clean, ReadOnlySpan<int> classes, int units, Span<double> steps)
    {
        Span<double> rests = stackalloc double[Most];
        double largest = clean[classes[0]];
        double sum = 1; // the leader's own
        steps[0] = 1;
        for (int i = 1; i < classes.Length; i++)
        {
            steps[i] = RowExponentials.Of(clean[classes[i]] - largest);
            sum += steps[i];
        }

        double error = Error * units;
        double missing = units;
        double scale = units / sum;
        bool isSure = true;
        for (int i = 0; i < classes.Length; i++)
        {
            double share = steps[i] * scale;
            steps[i] = Math.Floor(share);
            rests[i] = share - steps[i];
            missing -= steps[i];
            isSure &= (rests[i] <= 1 - error) & ((steps[i] == 0) | (rests[i] >= error));
        }

        // Without branches: who gets a step is a toss-up.
        double given = 0;
        double leastGiven = 1;
        double mostKept = 0;
        for (int i = 0; i < classes.Length; i++)
        {
            int larger = 0;
            for (int j = 0; j < classes.Length; j++)
            {
                larger += rests[j] > rests[i] ? 1 : 0;
            }

            bool isDue = larger < missing;
            steps[i] += isDue ? 1 : 0;
            given += isDue ? 1 : 0;
            leastGiven = Math.Min(leastGiven, isDue ? rests[i] : 1);
            mostKept = Math.Max(mostKept, isDue ? 0 : rests[i]);
        }

        // One class that drew level gives a step back; of several, the first by index would.
        int level = 0;
        for (int i = 1; i < classes.Length; i++)
        {
            level += steps[i] >= steps[0] ? 1 : 0;
        }

        if (level == 1 && steps[1] >= steps[0])
        {
            steps[1]--;
            steps[0]++;
            level = 0;
        }

        return isSure && level == 0 && given == missing && leastGiven - mostKept > error;
    }
}
