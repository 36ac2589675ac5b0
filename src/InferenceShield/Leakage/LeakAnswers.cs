namespace InferenceShield;

/// <summary>Answers to audit, as distributions in double, row after row.</summary>
internal sealed class LeakAnswers
{
    public const int MaximumClasses = 1024;

    private const double SumTolerance = 1e-2;

    public LeakAnswers(double[] values, int classes)
    {
        Values = values;
        Classes = classes;
    }

    public double[] Values { get; }

    public int Classes { get; }

    public int Rows => Values.Length / Classes;

    public ReadOnlySpan<double> this[int row] => Values.AsSpan(row * Classes, Classes);

    /// <summary>Checks and takes probabilities, or turns logits into them.</summary>
    public static LeakAnswers Of(ReadOnlySpan<double> scores, int classes, OutputKind kind, string name)
    {
        if (classes is < 2 or > MaximumClasses)
        {
            throw new ArgumentOutOfRangeException(nameof(classes), classes, $"Answers of 2 to {MaximumClasses} classes can be audited.");
        }

        if (scores.Length % classes != 0 || scores.Length / classes < 2 * classes)
        {
            throw new ArgumentException(
                $"{scores.Length} numbers are not at least {2 * classes} whole rows of {classes} classes: twice as many answers as classes are needed.", name);
        }

        double[] values = scores.ToArray();
        for (int row = 0; row < values.Length / classes; row++)
        {
            Span<double> distribution = values.AsSpan(row * classes, classes);
            if (kind == OutputKind.Logits)
            {
                Soften(distribution, row, name);
            }

            Check(distribution, row, name);
        }

        return new LeakAnswers(values, classes);
    }

    /// <summary>The first of the largest.</summary>
    public static int Top(ReadOnlySpan<double> row)
    {
        int top = 0;
        for (int i = 1; i < row.Length; i++)
        {
            top = row[i] > row[top] ? i : top;
        }

        return top;
    }

    public static double Distance(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        double sum = 0;
        for (int i = 0; i < left.Length; i++)
        {
            sum += Math.Abs(left[i] - right[i]);
        }

        return sum;
    }

    /// <summary>The rows with equal ones together, each group in order.</summary>
    public List<List<int>> Group(IEnumerable<int> rows, int[]? classes = null)
    {
        Dictionary<int, List<int>> groups = new(new RowComparer(this, classes));
        foreach (int row in rows)
        {
            if (!groups.TryGetValue(row, out List<int>? group))
            {
                groups.Add(row, group = []);
            }

            group.Add(row);
        }

        return [.. groups.Values];
    }

    private static void Soften(Span<double> logits, int row, string name)
    {
        for (int i = 0; i < logits.Length; i++)
        {
            if (!double.IsFinite(logits[i]))
            {
                throw new ArgumentException($"Row {row}, class {i}: not finite.", name);
            }
        }

        double largest = logits[Top(logits)];
        double sum = 0;
        foreach (ref double value in logits)
        {
            value = Math.Exp(value - largest);
            sum += value;
        }

        foreach (ref double value in logits)
        {
            value /= sum;
        }
    }

    private static void Check(ReadOnlySpan<double> distribution, int row, string name)
    {
        double sum = 0;
        for (int i = 0; i < distribution.Length; i++)
        {
            if (!(distribution[i] >= 0))
            {
                throw new ArgumentException($"Row {row}, class {i}: not a probability. If these are logits, say so in LeakOptions.Kind.", name);
            }

            sum += distribution[i];
        }

        if (!(Math.Abs(sum - 1) <= SumTolerance))
        {
            throw new ArgumentException($"Row {row}: does not sum to 1. If these are logits, say so in LeakOptions.Kind.", name);
        }
    }

    private sealed class RowComparer(LeakAnswers answers, int[]? classes) : IEqualityComparer<int>
    {
        public bool Equals(int x, int y) => classes is null
            ? answers[x].SequenceEqual(answers[y])
            : Array.TrueForAll(classes, i => answers[x][i] == answers[y][i]);

        public int GetHashCode(int obj)
        {
            HashCode code = default;
            if (classes is null)
            {
                foreach (double value in answers[obj])
                {
                    code.Add(value);
                }
            }
            else
            {
                foreach (int i in classes)
                {
                    code.Add(answers[obj][i]);
                }
            }

            return code.ToHashCode();
        }
    }
}
