using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>k-means over the benign answers of one label at a time.</summary>
/// <remarks>Clusters by L2, whose centres are the means; all sums in double and in the order of the rows, so that a seed
/// gives the same centroids everywhere.</remarks>
internal sealed class CodebookLearning
{
    private const int MaximumRounds = 100;

    private readonly int _classes;
    private readonly SipHashKey _key;
    private readonly float[] _rows;
    private readonly List<int>[] _members;

    public CodebookLearning(ReadOnlySpan<float> answers, int classes, OutputKind kind, long seed)
    {
        _classes = classes;
        Span<byte> key = stackalloc byte[SipHashKey.Size];
        key.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(key, seed);
        _key = new SipHashKey(key);
        _rows = new float[answers.Length];
        _members = new List<int>[classes];
        for (int label = 0; label < classes; label++)
        {
            _members[label] = [];
        }

        for (int row = 0; row < answers.Length / classes; row++)
        {
            Span<double> distribution = CleanAnswers.Normalize(answers.Slice(row * classes, classes), kind, row, out int top);
            for (int i = 0; i < classes; i++)
            {
                _rows[(row * classes) + i] = (float)distribution[i];
            }

            _members[top].Add(row);
        }
    }

    /// <summary>The centroids of a label in grid steps, each with its strict maximum at the label, no two the same.</summary>
    public List<int[]> Learn(int label, int most)
    {
        List<int> members = _members[label];
        List<double[]> centers = Choose(label, members, Math.Min(most, members.Count / AnswerCodebook.MinimumMembers));
        int[] assigned = new int[members.Count];
        for (int smallest = 0; smallest >= 0;)
        {
            Array.Fill(assigned, -1);
            for (int round = 0; round < MaximumRounds && Assign(members, centers, assigned); round++)
            {
                Move(members, centers, assigned);
            }

            // k-means++ begins with rare answers: what stays too small to hide its members goes to its neighbours.
            smallest = FindTooSmall(centers.Count, assigned);
            if (smallest >= 0)
            {
                centers.RemoveAt(smallest);
            }
        }

        List<int[]> centroids = [];
        foreach (double[] center in centers)
        {
            int[] steps = Round(center, label);
            if (!centroids.Exists(other => other.AsSpan().SequenceEqual(steps)))
            {
                centroids.Add(steps);
            }
        }

        return centroids;
    }

    /// <summary>The smallest cluster if it has too few members, the first of equals; else -1.</summary>
    private static int FindTooSmall(int centers, int[] assigned)
    {
        int[] counts = Count(centers, assigned);
        int smallest = centers == 0 ? -1 : Array.IndexOf(counts, counts.Min());
        return smallest >= 0 && counts[smallest] < AnswerCodebook.MinimumMembers ? smallest : -1;
    }

    private static int[] Count(int centers, int[] assigned)
    {
        int[] counts = new int[centers];
        foreach (int center in assigned)
        {
            if (center >= 0)
            {
                counts[center]++;
            }
        }

        return counts;
    }

    /// <summary>k-means++: each first centre is an answer, the likelier the farther it is from those before.</summary>
    private List<double[]> Choose(int label, List<int> members, int count)
    {
        List<double[]> centers = [];
        double[] distances = new double[members.Count];
        Array.Fill(distances, 1);
        while (centers.Count < count && distances.Sum() is > 0 and double whole)
        {
            double target = SipHash.Hash(_key, (ulong)label, (ulong)centers.Count, 0).Low / (double)ulong.MaxValue * whole;
            int chosen = Array.FindLastIndex(distances, distance => distance > 0);
            double passed = 0;
            for (int i = 0; i < distances.Length; i++)
            {
                passed += distances[i];
                if (passed > target)
                {
                    chosen = i;
                    break;
                }
            }

            double[] center = [.. Row(members[chosen])];
            for (int i = 0; i < distances.Length; i++)
            {
                double distance = Distance(Row(members[i]), center);
                distances[i] = centers.Count == 0 ? distance : Math.Min(distances[i], distance);
            }

            centers.Add(center);
        }

        return centers;
    }

    /// <returns>Whether any answer went over to another centre.</returns>
    private bool Assign(List<int> members, List<double[]> centers, int[] assigned)
    {
        bool changed = false;
        for (int i = 0; i < members.Count; i++)
        {
            int nearest = -1;
            double least = double.PositiveInfinity;
            for (int center = 0; center < centers.Count; center++)
            {
                double distance = Distance(Row(members[i]), centers[center]);
                (nearest, least) = distance < least ? (center, distance) : (nearest, least);
            }

            changed |= assigned[i] != nearest;
            assigned[i] = nearest;
        }

        return changed;
    }

    private void Move(List<int> members, List<double[]> centers, int[] assigned)
    {
        int[] counts = Count(centers.Count, assigned);
        for (int center = 0; center < centers.Count; center++)
        {
            // A centre that lost all its answers stays where it is; it is taken away in the end.
            if (counts[center] > 0)
            {
                Array.Clear(centers[center]);
            }
        }

        for (int i = 0; i < members.Count; i++)
        {
            ReadOnlySpan<float> row = Row(members[i]);
            double[] center = centers[assigned[i]];
            for (int j = 0; j < _classes; j++)
            {
                center[j] += row[j] / (double)counts[assigned[i]];
            }
        }
    }

    private int[] Round(double[] center, int label)
    {
        double sum = center.Sum();
        double[] steps = Array.ConvertAll(center, value => value / sum);
        GridRounding.Apply(steps, label, ReleaseGrid.Units, new double[_classes], new int[Math.Min(_classes, ReleaseGrid.Units)]);
        return Array.ConvertAll(steps, step => (int)step);
    }

    private ReadOnlySpan<float> Row(int row) => _rows.AsSpan(row * _classes, _classes);

    private static double Distance(ReadOnlySpan<float> row, double[] center)
    {
        double sum = 0;
        for (int i = 0; i < row.Length; i++)
        {
            double difference = row[i] - center[i];
            sum += difference * difference;
        }

        return sum;
    }
}
