namespace InferenceShield.Lab.Tests;

/// <summary>A small CART: Gini splits at midpoints, leaves that answer with smoothed frequencies of their rows.</summary>
internal sealed class DecisionTree : IClassifier
{
    private readonly int _value;
    private readonly float _threshold;
    private readonly DecisionTree? _left;
    private readonly DecisionTree? _right;
    private readonly float[] _answer;

    private DecisionTree(Dataset rows, int[] members, int depth, int smallest)
    {
        InputLength = rows.Width;
        ClassCount = rows.ClassCount;
        int[] counts = Count(rows, members);
        _answer = [.. counts.Select(count => (count + 0.5f) / (members.Length + (0.5f * ClassCount)))];
        double best = Impurity(counts, members.Length) - 1e-9;
        if (depth == 0)
        {
            return;
        }

        for (int value = 0; value < rows.Width; value++)
        {
            int column = value;
            float[] levels = [.. members.Select(row => rows.GetRow(row)[column]).Distinct().Order()];
            for (int i = 1; i < levels.Length; i++)
            {
                float threshold = (levels[i - 1] + levels[i]) / 2;
                int[] left = [.. members.Where(row => rows.GetRow(row)[column] <= threshold)];
                int[] leftCounts = Count(rows, left);
                int rest = members.Length - left.Length;
                double impurity = Impurity(leftCounts, left.Length) + Impurity([.. counts.Zip(leftCounts, (all, some) => all - some)], rest);
                if (Math.Min(left.Length, rest) >= smallest && impurity < best)
                {
                    (best, _value, _threshold) = (impurity, value, threshold);
                }
            }
        }

        if (_threshold != 0)
        {
            _left = new DecisionTree(rows, [.. members.Where(row => rows.GetRow(row)[_value] <= _threshold)], depth - 1, smallest);
            _right = new DecisionTree(rows, [.. members.Where(row => rows.GetRow(row)[_value] > _threshold)], depth - 1, smallest);
        }
    }

    public int InputLength { get; }

    public int ClassCount { get; }

    public int LeafCount => _left is null ? 1 : _left.LeafCount + _right!.LeafCount;

    public static DecisionTree Train(Dataset rows, int depth, int smallest) => new(rows, [.. Enumerable.Range(0, rows.Count)], depth, smallest);

    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        for (int row = 0; row < inputs.Length / InputLength; row++)
        {
            DecisionTree node = this;
            while (node._left is not null)
            {
                node = inputs[(row * InputLength) + node._value] <= node._threshold ? node._left : node._right!;
            }

            node._answer.CopyTo(probabilities[(row * ClassCount)..]);
        }
    }

    private static int[] Count(Dataset rows, int[] members)
    {
        int[] counts = new int[rows.ClassCount];
        foreach (int row in members)
        {
            counts[rows.Labels.Span[row]]++;
        }

        return counts;
    }

    private static double Impurity(int[] counts, int total) => total == 0 ? 0 : total - (counts.Sum(count => (double)count * count) / total);
}
