using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>Whether odometers follow what thieves' copies are worth.</summary>
internal static class LeakCells
{
    public const string Experiment = "odometer agreement";
    public const string Plateau = "odometer plateau";

    private const int Streams = 2;
    private const int Early = 1_000;
    private const ulong CopySeed = 31;
    private static readonly int[] s_counts = [50, 100, 250, 500, 1_000, 2_000, 4_000];

    /// <summary>Copies of two thieves at every count.</summary>
    public static IReadOnlyList<LeakRow> Run(DetectionBench bench, string attack)
    {
        List<LeakRow> rows = [];
        float[] clean = Classify(bench.Setup.Victim, bench.Setup.Measure);
        for (int stream = 0; stream < Math.Min(Streams, bench.Scale.Streams); stream++)
        {
            Transcript asked = bench.Ask(attack, stream);
            int[] counts = [.. s_counts.Where(count => count <= asked.Count)];
            LeakRow[] found = new LeakRow[counts.Length];
            int number = stream;
            double[] masses = Masses(bench, bench.Streams(attack)[stream], counts);
            double[] sentries = Sentries(bench.Calibration.Cells, bench.Streams(attack)[stream], counts);
            Parallel.For(0, counts.Length, at =>
            {
                Surrogate copy = SurrogateTrainer.Train(
                    asked.Inputs[..(counts[at] * asked.InputLength)], asked.Answers[..(counts[at] * asked.AnswerLength)], asked.InputLength, asked.AnswerLength,
                    new SurrogateOptions(), CopySeed + (ulong)number, threads: 1, CancellationToken.None);
                double agreement = CopyMetrics.Measure(clean, Classify(copy, bench.Setup.Measure), [], copy.ClassCount).Agreement;
                found[at] = new LeakRow(attack, number, counts[at], masses[at], sentries[at], agreement);
            });
            rows.AddRange(found);
        }

        return rows;
    }

    /// <summary>Rank correlations with agreement, over all rows and at equal counts.</summary>
    public static IEnumerable<DetectionRow> Correlate(IReadOnlyList<LeakRow> rows)
    {
        (string Name, Func<LeakRow, double> Of)[] odometers = [("mass", row => row.Mass), ("queries", row => row.Queries), ("sentry", row => row.Sentry)];
        foreach ((string name, Func<LeakRow, double> of) in odometers)
        {
            yield return DetectionRow.OfFigure(Experiment, "all", "all counts", name, rows.Count, RankCorrelation.Of([.. rows.Select(of)], [.. rows.Select(row => row.Agreement)]));
            double[] equal = [.. rows.GroupBy(row => row.Queries).Select(group => RankCorrelation.Of([.. group.Select(of)], [.. group.Select(row => row.Agreement)]))];
            yield return DetectionRow.OfFigure(Experiment, "all", "equal counts", name, equal.Length, equal.Average());
        }
    }

    /// <summary>How much the odometer still grows of a thief who learns no more.</summary>
    public static IEnumerable<DetectionRow> RunPlateau(DetectionBench bench)
    {
        double[] growth = [.. bench.Streams(AttackTraffic.Jbda).Select(stream =>
        {
            double[] masses = Masses(bench, stream, [Math.Min(Early, stream.Length / 2), stream.Length]);
            return masses[1] - masses[0];
        })];
        yield return DetectionRow.OfTimes(Plateau, AttackTraffic.Jbda, "0", "mass", growth) with { Share = double.NaN };
    }

    private static double[] Masses(DetectionBench bench, ReadOnlySpan<QuerySignals> stream, int[] counts)
    {
        CallerMonitor monitor = new(bench.Calibration);
        double[] masses = new double[counts.Length];
        for (int query = 0; query < stream.Length; query++)
        {
            monitor.Observe(in stream[query]);
            int at = Array.IndexOf(counts, query + 1);
            if (at >= 0)
            {
                masses[at] = monitor.Odometer;
            }
        }

        return masses;
    }

    private static double[] Sentries(OdometerCells cells, ReadOnlySpan<QuerySignals> stream, int[] counts)
    {
        int[] visits = new int[CellBitmap.MostCells];
        double[] sentries = new double[counts.Length];
        double sum = 0;
        for (int query = 0; query < stream.Length; query++)
        {
            int cell = cells.CellOf(stream[query].Label, stream[query].SimHash);
            sum += (1 - stream[query].Confidence) / (1 + visits[cell]++);
            int at = Array.IndexOf(counts, query + 1);
            if (at >= 0)
            {
                sentries[at] = sum;
            }
        }

        return sentries;
    }

    private static float[] Classify(IClassifier model, Dataset rows)
    {
        float[] answers = new float[rows.Count * model.ClassCount];
        model.Classify(rows.Values.Span, answers);
        return answers;
    }
}
