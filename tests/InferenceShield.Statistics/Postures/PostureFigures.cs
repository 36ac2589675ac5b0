namespace InferenceShield.Statistics.Postures;

/// <summary>What a release did to some answers.</summary>
/// <param name="TopMoved">Answers whose clean label does not strictly lead the released one.</param>
/// <param name="Invalid">Answers that are no distribution, differ when asked again, or differ alone from in a batch.</param>
/// <param name="MeanDistance">Of clean and released, in L1.</param>
/// <param name="MaxDistance">The greatest.</param>
/// <param name="CalibrationError">Expected calibration error in 15 bins.</param>
/// <param name="Separation">AUROC: how often a right answer has more confidence than a wrong one, ties half.</param>
/// <param name="Brier">Of the whole distribution.</param>
/// <param name="Crossings">Answers that crossed .9.</param>
/// <param name="EdgeCrossings">Answers that crossed an edge of the release's own.</param>
/// <param name="Distinct">Answers that differ.</param>
internal sealed record PostureFigures(
    double TopMoved,
    double Invalid,
    double MeanDistance,
    double MaxDistance,
    double CalibrationError,
    double Separation,
    double Brier,
    double Crossings,
    double EdgeCrossings,
    double Distinct)
{
    private const int Bins = 15;
    private const int Batch = 64;
    private const double Threshold = 0.9;

    public static PostureFigures Of(PostureRelease release, float[] logits, int[] labels, int classes)
    {
        float[] clean = PostureRelease.Clean(classes).All(logits);
        float[] released = release.All(logits);
        double[] gaps = new double[Bins];
        double[] distances = new double[labels.Length];
        List<(float Confidence, bool IsRight)> answers = [];
        HashSet<string> distinct = [];
        int moved = 0;
        int invalid = 0;
        int crossings = 0;
        int edgeCrossings = 0;
        double brier = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            ReadOnlySpan<float> before = clean.AsSpan(row * classes, classes);
            ReadOnlySpan<float> after = released.AsSpan(row * classes, classes);
            int top = Top(before);
            float confidence = after[Top(after)];
            bool isRight = Top(after) == labels[row];
            double sum = 0;
            int level = 0;
            for (int i = 0; i < classes; i++)
            {
                distances[row] += Math.Abs((double)before[i] - after[i]);
                sum += after[i];
                level += after[i] >= after[top] ? 1 : 0;
                invalid += after[i] >= 0 ? 0 : 1;
                brier += Math.Pow(after[i] - (i == labels[row] ? 1 : 0), 2);
            }

            moved += level == 1 || release.Name == "clean" ? 0 : 1;
            invalid += Math.Abs(sum - 1) <= 1e-6 ? 0 : 1;
            crossings += Crosses(before[top], confidence, Threshold) ? 1 : 0;
            float clear = before[top];
            edgeCrossings += release.Edges.Count(edge => Crosses(clear, confidence, edge));
            gaps[Math.Min(Bins - 1, (int)(confidence * Bins))] += (isRight ? 1 : 0) - confidence;
            answers.Add((confidence, isRight));
            distinct.Add(string.Join(' ', after.ToArray().Select(BitConverter.SingleToUInt32Bits)));
        }

        invalid += Changes(release, logits, released, classes);
        return new PostureFigures(moved, invalid, distances.Average(), distances.Max(), gaps.Sum(Math.Abs) / labels.Length,
            Area(answers), brier / labels.Length, crossings / (double)labels.Length, edgeCrossings, distinct.Count);
    }

    public static int Top(ReadOnlySpan<float> answer)
    {
        int top = 0;
        for (int i = 1; i < answer.Length; i++)
        {
            top = answer[i] > answer[top] ? i : top;
        }

        return top;
    }

    private static bool Crosses(float before, float after, double edge) => before >= (float)edge != after >= (float)edge;

    /// <summary>Numbers that are not the same to the bit when asked again, in smaller batches or alone.</summary>
    private static int Changes(PostureRelease release, float[] logits, float[] released, int classes)
    {
        int changes = 0;
        float[] again = new float[logits.Length];
        for (int size = 1; size <= Batch; size *= Batch)
        {
            int step = size * classes;
            for (int start = 0; start < logits.Length; start += step)
            {
                int length = Math.Min(step, logits.Length - start);
                release.Apply(logits.AsSpan(start, length), again.AsSpan(start, length));
            }

            changes += released.Zip(again, (a, b) => BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b) ? 0 : 1).Sum();
        }

        return changes;
    }

    /// <summary>By the ranks of the right answers, ties sharing theirs.</summary>
    private static double Area(List<(float Confidence, bool IsRight)> answers)
    {
        double wins = 0;
        double below = 0;
        foreach (IGrouping<float, (float Confidence, bool IsRight)> level in answers.GroupBy(answer => answer.Confidence).OrderBy(level => level.Key))
        {
            int right = level.Count(answer => answer.IsRight);
            int wrong = level.Count() - right;
            wins += right * (below + (wrong / 2.0));
            below += wrong;
        }

        int all = answers.Count(answer => answer.IsRight);
        return wins / all / (answers.Count - all);
    }
}
