namespace InferenceShield;

/// <summary>How near an attacker who knows the algorithm, and not the key, comes to the clean answer of a released one.</summary>
/// <remarks>He has pairs of his own model: the even rows. For each odd row he takes the mean clean answer of the pairs whose
/// released answer is nearest in L1.</remarks>
internal static class InversionAttack
{
    /// <summary>Pairs and answers beyond these add time and nothing else.</summary>
    private const int MostRows = 6000;

    /// <returns>Mean L1 distance to the clean answers: of the released ones as they are, of the reconstructed ones, and of what
    /// the label alone tells (the mean clean answer of its pairs).</returns>
    public static (double AsReleased, double Reconstructed, double LabelOnly) Measure(LeakAnswers clean, LeakAnswers released)
    {
        int rows = Math.Min(MostRows, clean.Rows);
        int[] known = [.. Enumerable.Range(0, rows).Where(row => row % 2 == 0)];
        int[] asked = [.. Enumerable.Range(0, rows).Where(row => row % 2 == 1)];
        List<List<int>> groups = released.Group(known);
        double[][] means = [.. groups.Select(group => Mean(clean, group))];
        double[] whole = Mean(clean, known);
        Dictionary<int, double[]> labels = known.GroupBy(row => LeakAnswers.Top(released[row])).ToDictionary(label => label.Key, label => Mean(clean, label));
        double asReleased = 0;
        double labelOnly = 0;
        double reconstructed = 0;
        foreach (List<int> same in released.Group(asked))
        {
            ReadOnlySpan<double> answer = released[same[0]];
            double[] guess = means[Nearest(released, groups, answer)];
            double[] label = labels.GetValueOrDefault(LeakAnswers.Top(answer), whole);
            foreach (int row in same)
            {
                asReleased += LeakAnswers.Distance(clean[row], answer);
                reconstructed += LeakAnswers.Distance(clean[row], guess);
                labelOnly += LeakAnswers.Distance(clean[row], label);
            }
        }

        return (asReleased / asked.Length, reconstructed / asked.Length, labelOnly / asked.Length);
    }

    private static int Nearest(LeakAnswers released, List<List<int>> groups, ReadOnlySpan<double> answer)
    {
        int nearest = 0;
        double least = double.PositiveInfinity;
        for (int i = 0; i < groups.Count && least > 0; i++)
        {
            double distance = LeakAnswers.Distance(released[groups[i][0]], answer);
            (nearest, least) = distance < least ? (i, distance) : (nearest, least);
        }

        return nearest;
    }

    private static double[] Mean(LeakAnswers answers, IEnumerable<int> rows)
    {
        double[] sum = new double[answers.Classes];
        int count = 0;
        foreach (int row in rows)
        {
            ReadOnlySpan<double> answer = answers[row];
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += answer[i];
            }

            count++;
        }

        return Array.ConvertAll(sum, value => value / count);
    }
}
