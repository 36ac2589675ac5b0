namespace InferenceShield.Statistics.Releases;

/// <summary>What a release did to some answers.</summary>
internal sealed record ReleaseFigures
{
    private const int Bins = 15;

    public double Bands { get; init; }

    public double TopMoved { get; init; }

    public double MeanDistance { get; init; }

    public double GreatestDistance { get; init; }

    /// <summary>Expected calibration error.</summary>
    public double CalibrationError { get; init; }

    public double CalibrationRise { get; init; }

    /// <summary>How well the confidence tells right answers from wrong ones: the area under the ROC curve.</summary>
    public double Separation { get; init; }

    public double SeparationLoss { get; init; }

    public double Crossings { get; init; }

    public double RunnerUpKept { get; init; }

    public double Distinct { get; init; }

    public double Fallback { get; init; }

    public static ReleaseFigures Of(ModelAnswers answers, int[] rows, Release release, double threshold)
    {
        double[] gaps = new double[Bins];
        List<float> right = [];
        List<float> wrong = [];
        HashSet<string> distinct = [];
        double sum = 0;
        double greatest = 0;
        int moved = 0;
        int crossings = 0;
        int kept = 0;
        float[] released = new float[ModelAnswers.Classes];
        foreach (int row in rows)
        {
            ReadOnlySpan<float> clean = answers.Answer(row);
            release(clean, released);
            double distance = 0;
            for (int i = 0; i < released.Length; i++)
            {
                distance += Math.Abs((double)clean[i] - released[i]);
            }

            (int top, int second) = Leaders(clean);
            (int releasedTop, int releasedSecond) = Leaders(released);
            sum += distance;
            greatest = Math.Max(greatest, distance);
            moved += top == releasedTop ? 0 : 1;
            crossings += clean[top] >= (float)threshold == released[releasedTop] >= (float)threshold ? 0 : 1;

            // Where others are level with it, a runner-up is not named.
            kept += second == releasedSecond && released.Count(value => value == released[second]) == 1 ? 1 : 0;
            distinct.Add(string.Join(' ', released.Select(BitConverter.SingleToUInt32Bits)));
            bool isRight = releasedTop == answers.Label(row);
            (isRight ? right : wrong).Add(released[releasedTop]);
            gaps[Math.Min(Bins - 1, (int)(released[releasedTop] * Bins))] += (isRight ? 1 : 0) - released[releasedTop];
        }

        double count = rows.Length;
        double wins = right.Sum(r => wrong.Sum(w => r > w ? 1 : r == w ? 0.5 : 0));
        return new ReleaseFigures
        {
            TopMoved = moved / count,
            MeanDistance = sum / count,
            GreatestDistance = greatest,
            CalibrationError = gaps.Sum(Math.Abs) / count,
            Separation = wins / right.Count / wrong.Count,
            Crossings = crossings / count,
            RunnerUpKept = kept / count,
            Distinct = distinct.Count,
        };
    }

    private static (int Top, int Second) Leaders(ReadOnlySpan<float> answer)
    {
        int top = 0;
        for (int i = 1; i < answer.Length; i++)
        {
            top = answer[i] > answer[top] ? i : top;
        }

        int second = top == 0 ? 1 : 0;
        for (int i = second + 1; i < answer.Length; i++)
        {
            second = i != top && answer[i] > answer[second] ? i : second;
        }

        return (top, second);
    }
}
