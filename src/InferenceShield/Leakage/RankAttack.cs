namespace InferenceShield;

/// <summary>Looks for the width of the last hidden layer in stacked log-probabilities.</summary>
internal static class RankAttack
{
    /// <summary>Share of answers that counts as the least saturated ones.</summary>
    private const int LeastSaturatedOneIn = 5;

    /// <summary>Class sets a little larger than the width hold more answers or more noise: all of these are tried.</summary>
    private const int MostExtraClasses = 4;

    /// <summary>Ratios that are this near to the clean ones, relatively, were kept.</summary>
    private const double KeptRatio = 1e-3;

    /// <summary>The larger gap of all answers and of the least saturated ones.</summary>
    public static RankGap Find(LeakAnswers answers, int? width)
    {
        int[] all = [.. Enumerable.Range(0, answers.Rows)];
        int[] classes = [.. Enumerable.Range(0, answers.Classes)];
        int few = Math.Max(4 * answers.Classes, answers.Rows / LeastSaturatedOneIn);
        RankGap gap = Measure(answers, all, classes, width);
        if (few < answers.Rows)
        {
            int[] open = [.. all.OrderBy(row => answers[row][LeakAnswers.Top(answers[row])]).Take(few)];
            gap = Larger(gap, Measure(answers, open, classes, width));
        }

        return gap;
    }

    /// <summary>The subset attack: keeps answers and classes among which nothing was altered, where a release altered few.</summary>
    /// <remarks>The two classes that changed most are taken to be the altered ones. Of the answers whose other classes kept their
    /// ratios (the better half of them), classes are dropped one by one so that of the most answers both altered ones are gone. This
    /// is an attacker who guesses right: he would drop the label and the class that is oddly second.</remarks>
    /// <returns>Width 0 where no or too few answers kept any ratios.</returns>
    public static RankGap FindInSubset(LeakAnswers clean, LeakAnswers released, int? width)
    {
        Alteration[] alterations = [.. Enumerable.Range(0, clean.Rows).Select(row => Compare(clean[row], released[row], row)).OrderBy(alteration => alteration.Residue).Take(clean.Rows / 2).TakeWhile(alteration => alteration.Residue <= KeptRatio)];
        RankGap best = new(0, 1, 0, 0);
        int fewest = width is { } known ? Math.Min(known + 3, clean.Classes - 1) : Math.Max(3, clean.Classes * 3 / 4);
        List<int> kept = [.. Enumerable.Range(0, clean.Classes)];
        while (kept.Count > fewest)
        {
            // The class without which the most answers are untouched; while none completes a pair, the one in most pairs.
            int[] pairs = new int[clean.Classes];
            int[] whole = new int[clean.Classes];
            HashSet<int> left = [.. kept];
            foreach (Alteration alteration in alterations)
            {
                bool first = left.Contains(alteration.First);
                bool second = left.Contains(alteration.Second);
                pairs[alteration.First]++;
                pairs[alteration.Second]++;
                whole[alteration.First] += first && !second ? 1 : 0;
                whole[alteration.Second] += second && !first ? 1 : 0;
            }

            kept.Remove(kept.MaxBy(i => whole[i] + (pairs[i] / (double)(1 + alterations.Length))));
            if (kept.Count > fewest + MostExtraClasses)
            {
                continue;
            }

            left = [.. kept];
            int[] rows = [.. alterations.Where(alteration => !left.Contains(alteration.First) && !left.Contains(alteration.Second)).Select(alteration => alteration.Row)];
            if (rows.Length >= 2 * kept.Count)
            {
                best = Larger(best, Measure(released, rows, [.. kept], width));
            }
        }

        return best;
    }

    /// <summary>The first if the second is not larger.</summary>
    public static RankGap Larger(RankGap first, RankGap second) => first.Width == 0 || (second.Width > 0 && second.Ratio > first.Ratio) ? second : first;

    private static RankGap Measure(LeakAnswers answers, int[] rows, int[] classes, int? width)
    {
        // A class that is released as one number throughout has lost its rank to the release. Besides, rank is lost to the
        // centring of rows, and where there are few distinct answers to that of columns.
        classes = Array.FindAll(classes, i => Array.Exists(rows, row => answers[row][i] != answers[rows[0]][i]));
        int most = Math.Min(classes.Length, answers.Group(rows, classes).Count) - 2;
        if (rows.Length < classes.Length || most < (width ?? 1))
        {
            return new RankGap(0, 1, rows.Length, classes.Length);
        }

        double[] values = SingularValues.Of(CenteredLogarithms(answers, rows, classes));
        double least = values[0] * 1e-16;
        int found = width ?? Enumerable.Range(1, most).MaxBy(h => values[h - 1] / Math.Max(values[h], least));
        return values[0] == 0
            ? new RankGap(0, 1, rows.Length, classes.Length)
            : new RankGap(found, values[found - 1] / Math.Max(values[found], least), rows.Length, classes.Length);
    }

    private static double[][] CenteredLogarithms(LeakAnswers answers, int[] rows, int[] classes)
    {
        // A zero counts as half of the smallest number that is released at all.
        double smallest = answers.Values.Where(value => value > 0).Min();
        double[][] columns = [.. classes.Select(_ => new double[rows.Length])];
        for (int row = 0; row < rows.Length; row++)
        {
            ReadOnlySpan<double> answer = answers[rows[row]];
            double mean = 0;
            for (int i = 0; i < classes.Length; i++)
            {
                double value = answer[classes[i]];
                columns[i][row] = Math.Log(value > 0 ? value : smallest / 2);
                mean += columns[i][row] / classes.Length;
            }

            foreach (double[] column in columns)
            {
                column[row] -= mean;
            }
        }

        foreach (double[] column in columns)
        {
            double mean = column.Average();
            for (int row = 0; row < column.Length; row++)
            {
                column[row] -= mean;
            }
        }

        return columns;
    }

    /// <summary>The two classes that changed most, and by how much the logarithms of the others spread apart at the most.</summary>
    private static Alteration Compare(ReadOnlySpan<double> clean, ReadOnlySpan<double> released, int row)
    {
        int first = 0;
        int second = -1;
        for (int i = 1; i < clean.Length; i++)
        {
            double change = Math.Abs(released[i] - clean[i]);
            if (change > Math.Abs(released[first] - clean[first]))
            {
                second = first;
                first = i;
            }
            else if (second < 0 || change > Math.Abs(released[second] - clean[second]))
            {
                second = i;
            }
        }

        double lowest = double.PositiveInfinity;
        double highest = double.NegativeInfinity;
        for (int i = 0; i < clean.Length; i++)
        {
            if (i != first && i != second)
            {
                double ratio = clean[i] == released[i] ? 0 : Math.Log(released[i]) - Math.Log(clean[i]);
                lowest = Math.Min(lowest, ratio);
                highest = Math.Max(highest, ratio);
            }
        }

        return new Alteration(row, first, second, double.IsFinite(highest - lowest) ? highest - lowest : double.MaxValue);
    }

    private readonly record struct Alteration(int Row, int First, int Second, double Residue);
}
