using InferenceShield.Lab;
using InferenceShield.Samples.Training;
using InferenceShield.Tests;

namespace InferenceShield.Statistics.Postures;

/// <summary>One model, and what releases do to its answers.</summary>
internal sealed record PostureRun(string Data, double Accuracy, IReadOnlyDictionary<string, PostureFigures> Figures)
{
    private const int Programs = 200;
    private const int Repeats = 64;
    private const int Repeated = 200;

    /// <summary>By which the answer of least information misses a linear program's optimum, at the most.</summary>
    public double ObjectiveGap { get; private init; }

    /// <summary>By which it exceeds its budget, at the most.</summary>
    public double BudgetExcess { get; private init; }

    /// <summary>Error of the mean of 64 repeats of keyed noise by the error of one.</summary>
    public double AveragingGain { get; private init; }

    /// <summary>Share of near-duplicates with the label and the probabilities, to one decimal, of the original.</summary>
    public double CellKept { get; private init; }

    public static PostureRun Of(PostureData data, int[] layers, int epochs, ulong seed)
    {
        Victim victim = Victim.Train(data.Train, data.Classes, layers, epochs, seed);
        float[] benign = ToSingle(victim.Logits(data.Learn));
        float[] logits = ToSingle(victim.Logits(data.Measure));
        float[] clean = PostureRelease.Clean(data.Classes).All(logits);
        Dictionary<string, PostureFigures> figures = [];
        foreach (PostureRelease release in (PostureRelease[])
        [
            PostureRelease.Clean(data.Classes),
            PostureRelease.Rounded(data.Classes, 2),
            PostureRelease.Guarded(benign, data.Classes),
            PostureRelease.LabelOnly(data.Classes),
            PostureRelease.ThreeBands(benign, data.Classes),
        ])
        {
            figures[release.Name] = PostureFigures.Of(release, logits, data.Measure.Labels, data.Classes);
        }

        (double gap, double excess) = CompareWithProgram(clean, data.Classes);
        int right = Enumerable.Range(0, data.Measure.Count).Count(row => PostureFigures.Top(clean.AsSpan(row * data.Classes, data.Classes)) == data.Measure.Labels[row]);
        return new PostureRun(data.Name, right / (double)data.Measure.Count, figures)
        {
            ObjectiveGap = gap,
            BudgetExcess = excess,
            AveragingGain = Average(logits[..(Repeated * data.Classes)], clean, data.Classes),
            CellKept = KeepsCell(victim, data, clean, seed),
        };
    }

    /// <summary>The mean over runs; the greatest of what is a maximum.</summary>
    public static PostureFigures Mean(List<PostureRun> runs, string release)
    {
        PostureFigures[] all = [.. runs.Select(run => run.Figures[release])];
        return new PostureFigures(
            all.Average(f => f.TopMoved), all.Average(f => f.Invalid), all.Average(f => f.MeanDistance), all.Max(f => f.MaxDistance),
            all.Average(f => f.CalibrationError), all.Average(f => f.Separation), all.Average(f => f.Brier),
            all.Average(f => f.Crossings), all.Average(f => f.EdgeCrossings), all.Average(f => f.Distinct));
    }

    public static float[] ToSingle(double[] values) => Array.ConvertAll(values, value => (float)value);

    private static (double Gap, double Excess) CompareWithProgram(float[] clean, int classes)
    {
        double gap = 0;
        double excess = double.NegativeInfinity;
        double[] answer = new double[classes];
        LeastInformationScratch scratch = new(new double[classes], new double[classes], new int[classes]);
        for (int row = 0; row < Programs; row++)
        {
            double[] probabilities = Array.ConvertAll(clean[(row * classes)..((row + 1) * classes)], value => (double)value);
            double sum = probabilities.Sum();
            probabilities = Array.ConvertAll(probabilities, value => value / sum);
            int top = LeakAnswers.Top(probabilities);
            double budget = row % 2 == 0 ? 0.2 : 0.5;
            LeastInformation.Apply(probabilities, top, budget, answer, scratch);
            excess = Math.Max(excess, LeakAnswers.Distance(probabilities, answer) - budget);
            if (SlowLeastInformation.ByLinearProgram(probabilities, top, budget) is { } optimum)
            {
                double missed = SlowLeastInformation.Objective(probabilities, answer) - SlowLeastInformation.Objective(probabilities, optimum);
                gap = Math.Abs(missed) > Math.Abs(gap) ? missed : gap;
            }
        }

        return (gap, excess);
    }

    private static double Average(float[] logits, float[] clean, int classes)
    {
        PostureRelease noise = PostureRelease.Noise(classes);
        double[] sum = new double[logits.Length];
        float[] first = noise.All(logits);
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            float[] released = noise.All(logits);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += released[i];
            }
        }

        return sum.Zip(clean, (a, b) => Math.Abs((a / Repeats) - b)).Sum() / first.Zip(clean, (a, b) => Math.Abs((double)a - b)).Sum();
    }

    private static double KeepsCell(Victim victim, PostureData data, float[] clean, ulong seed)
    {
        SeededRandom random = new(seed, stream: 77);
        float[] noisy = [.. data.Measure.Values];
        for (int i = 0; i < noisy.Length; i++)
        {
            // The sum of twelve uniform numbers is as good as normal here.
            double sum = 0;
            for (int j = 0; j < 12; j++)
            {
                sum += random.NextSigned() / 2;
            }

            noisy[i] += (float)(data.NearDuplicate * sum);
        }

        float[] near = PostureRelease.Clean(data.Classes).All(ToSingle(victim.Logits(data.Measure with { Values = noisy })));
        int kept = 0;
        for (int row = 0; row < data.Measure.Count; row++)
        {
            ReadOnlySpan<float> a = clean.AsSpan(row * data.Classes, data.Classes);
            ReadOnlySpan<float> b = near.AsSpan(row * data.Classes, data.Classes);
            bool same = PostureFigures.Top(a) == PostureFigures.Top(b);
            for (int i = 0; same && i < a.Length; i++)
            {
                same = Math.Round(a[i] * 10) == Math.Round(b[i] * 10);
            }

            kept += same ? 1 : 0;
        }

        return kept / (double)data.Measure.Count;
    }
}
