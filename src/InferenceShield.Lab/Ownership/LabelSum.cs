namespace InferenceShield.Lab;

/// <summary>How many answers match where each group of them gets one label at random, each as likely: what answers give under random keys.</summary>
/// <remarks>Exact, by adding up the distribution group by group. Immutable and thread-safe. Cost: for each group its labels times all answers.</remarks>
internal sealed class LabelSum
{
    private readonly double[] _tails;

    /// <param name="groups">For each group how often each label was answered; labels that the key cannot give are left out.</param>
    /// <param name="choices">The labels that the key can give, at least 1.</param>
    public LabelSum(IEnumerable<IReadOnlyCollection<int>> groups, int choices)
    {
        IReadOnlyCollection<int>[] all = [.. groups];
        double[] chances = new double[all.Sum(static counts => counts.Count == 0 ? 0 : counts.Max()) + 1];
        chances[0] = 1;
        int reached = 0;
        foreach (IReadOnlyCollection<int> counts in all)
        {
            int[] hits = [.. counts.Where(static count => count > 0)];
            if (hits.Length == 0)
            {
                continue;
            }

            double[] next = new double[chances.Length];
            double none = (choices - hits.Length) / (double)choices;
            for (int i = 0; i <= reached; i++)
            {
                next[i] += chances[i] * none;
                foreach (int count in hits)
                {
                    next[i + count] += chances[i] / choices;
                }
            }

            reached += hits.Max();
            chances = next;
        }

        for (int i = chances.Length - 2; i >= 0; i--)
        {
            chances[i] += chances[i + 1];
        }

        _tails = chances;
    }

    /// <summary>The probability of so many matches or more, at least <see cref="BinomialTail.Smallest"/>.</summary>
    public double Upper(int matches) => matches <= 0 ? 1
        : matches < _tails.Length ? Math.Clamp(_tails[matches], BinomialTail.Smallest, 1)
        : BinomialTail.Smallest;
}
