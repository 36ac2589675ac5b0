namespace InferenceShield.Statistics.Postures;

/// <summary>The leak check on a letter model with 16 hidden units before its 26 classes.</summary>
internal static class RankExperiment
{
    private const int Hidden = 16;
    private const int Answers = 5_000;
    private const string LeastInformationAlone = "least information";

    private static readonly int[] s_layers = [128, Hidden];

    public static IEnumerable<RankRow> Run(int epochs, ulong seed)
    {
        PostureData data = PostureData.Letter(seed);
        int classes = data.Classes;
        Victim victim = Victim.Train(data.Train, classes, s_layers, epochs, seed);
        LabeledRows asked = new([.. data.Learn.Values, .. data.Measure.Values], [.. data.Learn.Labels, .. data.Measure.Labels], data.Train.Features);
        asked = asked with { Values = asked.Values[..(Answers * asked.Features)], Labels = asked.Labels[..Answers] };
        double[] natural = victim.Logits(asked);
        double[] half = victim.Logits(asked, 0.5);
        double[] quarter = victim.Logits(asked, 0.25);
        float[] benign = PostureRun.ToSingle(victim.Logits(data.Learn));
        double[] clean = Softmax(natural, classes);

        yield return Check("float64", clean, Softmax(half, classes), Softmax(quarter, classes));
        foreach (double budget in (double[])[0.2, 0.5])
        {
            yield return Check(FormattableString.Invariant($"{LeastInformationAlone} {budget}"),
                LeastInformationOf(clean, budget, 0), LeastInformationOf(Softmax(half, classes), budget, 0), LeastInformationOf(Softmax(quarter, classes), budget, 0));
        }

        yield return Check("round 2 of least information 0.2",
            LeastInformationOf(clean, 0.2, 2), LeastInformationOf(Softmax(half, classes), 0.2, 2), LeastInformationOf(Softmax(quarter, classes), 0.2, 2));
        foreach (PostureRelease release in (PostureRelease[])
        [
            .. Enumerable.Range(1, 5).Select(decimals => PostureRelease.Rounded(classes, decimals)),
            PostureRelease.Guarded(benign, classes),
            PostureRelease.ThreeBands(benign, classes),
            PostureRelease.LabelOnly(classes),
        ])
        {
            yield return Check(release.Name, Released(release, natural), Released(release, half), Released(release, quarter));
        }

        RankRow Check(string name, double[] released, double[] shrunk, double[] shrunkFurther)
        {
            LeakReport report = LeakReport.Analyze(clean, released, classes, new LeakOptions { HiddenWidth = Hidden, ShrunkReleased = shrunk });
            RankGap further = RankAttack.Find(new LeakAnswers(shrunkFurther, classes), Hidden);
            return new RankRow(epochs, name, report.ReleasedGap.Ratio, report.ShrunkGap!.Value.Ratio, further.Ratio, report.SubsetGap.Ratio, report.DistinctAnswers, report.BitsBeyondLabel);
        }

        double[] LeastInformationOf(double[] answers, double budget, int decimals)
        {
            double[] released = new double[answers.Length];
            LeastInformationScratch scratch = new(new double[classes], new double[classes], new int[classes]);
            int units = (int)Math.Pow(10, decimals);
            for (int row = 0; row < answers.Length; row += classes)
            {
                Span<double> answer = released.AsSpan(row, classes);
                int top = LeakAnswers.Top(answers.AsSpan(row, classes));
                LeastInformation.Apply(answers.AsSpan(row, classes), top, budget, answer, scratch);
                if (decimals > 0)
                {
                    GridRounding.Apply(answer, top, units, new double[classes], new int[Math.Min(classes, units)]);
                    foreach (ref double value in answer)
                    {
                        value /= units;
                    }
                }
            }

            return released;
        }

        static double[] Released(PostureRelease release, double[] logits) =>
            Array.ConvertAll(release.All(PostureRun.ToSingle(logits)), value => (double)value);
    }

    public static IEnumerable<AcceptanceFigure> Accept(RankRow row)
    {
        string data = FormattableString.Invariant($"letter, {row.Epochs} epochs");
        if (row.Release == "float64")
        {
            yield return new(data, row.Release, "gap, natural inputs", row.Natural, 1000, double.PositiveInfinity);
            yield return new(data, row.Release, "gap, shrunk inputs", Math.Max(row.ShrunkToHalf, row.ShrunkToQuarter), 1000, double.PositiveInfinity);
        }
        else if (row.Release.StartsWith(LeastInformationAlone, StringComparison.Ordinal))
        {
            yield return new(data, row.Release, "gap, subset attack", row.Subset, 1000, double.PositiveInfinity);
        }
        else if (row.Release is not ("round 4" or "round 5" or "round 2 of least information 0.2"))
        {
            yield return new(data, row.Release, "gap, natural inputs", row.Natural, 0, LeakReport.ClosedGap);
            yield return new(data, row.Release, "gap, shrunk inputs", Math.Max(row.ShrunkToHalf, row.ShrunkToQuarter), 0, LeakReport.ClosedGap);
        }
    }

    private static double[] Softmax(double[] logits, int classes)
    {
        double[] answers = new double[logits.Length];
        for (int row = 0; row < logits.Length; row += classes)
        {
            double largest = logits.AsSpan(row, classes).ToArray().Max();
            double sum = 0;
            for (int i = row; i < row + classes; i++)
            {
                answers[i] = Math.Exp(logits[i] - largest);
                sum += answers[i];
            }

            for (int i = row; i < row + classes; i++)
            {
                answers[i] /= sum;
            }
        }

        return answers;
    }
}
