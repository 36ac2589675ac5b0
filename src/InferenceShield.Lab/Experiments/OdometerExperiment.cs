using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Measures what readings of the leak odometer mean: steals a model with more and more in-distribution queries.</summary>
public static class OdometerExperiment
{
    /// <summary>Measures the curve of a model.</summary>
    /// <param name="target">The model, unshielded: what a thief gets from the full answers is the most that he can get.</param>
    /// <param name="calibration">Of this model: tells the cells that a query visits and how much benign traffic lies there.</param>
    /// <param name="pool">The thief's queries: inputs as honest callers send them, none of which the calibration was fitted to.</param>
    /// <param name="test">Inputs on which copies are measured, not in the pool.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <remarks>Cost: a training for each count and order; some minutes for images on one thread. Seeded: the same on every run.</remarks>
    /// <exception cref="ArgumentException">Inputs or classes of another length than the model's, or no count that the pool can give.</exception>
    public static OdometerCurve Measure(
        IClassifier target, DetectionCalibration calibration, Dataset pool, Dataset test, OdometerExperimentOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(calibration);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(test);
        options ??= new OdometerExperimentOptions();
        int[] counts = Check(target, calibration, pool, test, options);
        float[] clean = Classify(target, test);
        List<OdometerPoint> points = [];
        double[][] odometers = new double[options.Repeats][];
        double[][] agreements = new double[options.Repeats][];
        for (int repeat = 0; repeat < options.Repeats; repeat++)
        {
            ulong seed = options.Seed + (0x9E3779B97F4A7C15 * (ulong)repeat);
            Dataset asked = pool.Shuffle(seed).Slice(0, counts[^1]);
            float[] answers = Classify(target, asked);
            odometers[repeat] = Read(calibration, asked, answers, counts);
            agreements[repeat] = new double[counts.Length];
            for (int i = 0; i < counts.Length; i++)
            {
                Surrogate copy = SurrogateTrainer.Train(
                    asked.Values[..(counts[i] * asked.Width)].Span, answers.AsSpan(0, counts[i] * target.ClassCount), asked.Width, target.ClassCount, options.Surrogate, seed, options.Threads, cancellationToken);
                agreements[repeat][i] = CopyMetrics.Measure(clean, Classify(copy, test), [], target.ClassCount).Agreement;
            }
        }

        for (int i = 0; i < counts.Length; i++)
        {
            double[] seen = [.. agreements.Select(values => values[i])];
            Interval interval = Interval.OfRuns(seen);
            points.Add(new OdometerPoint(
                counts[i], odometers.Min(values => values[i]), interval.Mean, interval.Low ?? interval.Mean, interval.High ?? interval.Mean, seen.Max()));
        }

        return new OdometerCurve(pool.Name, points);
    }

    /// <summary>The odometer after each count of the queries.</summary>
    internal static double[] Read(DetectionCalibration calibration, Dataset asked, ReadOnlySpan<float> answers, ReadOnlySpan<int> counts)
    {
        CellBitmap cells = default;
        QuerySignals signals = default;
        int classes = calibration.Profile.ScoreLength;
        float[] scores = new float[classes];
        double[] odometers = new double[counts.Length];
        int query = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            for (; query < counts[i]; query++)
            {
                answers.Slice(query * classes, classes).CopyTo(scores);
                if (calibration.Profile.OutputKind is OutputKind.Logits or OutputKind.SigmoidLogits)
                {
                    // Any scores in the same order have the same label, and nothing else of them counts here.
                    TensorPrimitives.Max(scores, 1e-30f, scores);
                    TensorPrimitives.Log(scores, scores);
                }

                calibration.Profile.Measure(calibration.Profile.InputLength == 0 ? [] : asked.GetRow(query), scores, (ulong)query + 1, ref signals);
                cells.Set(calibration.Cells.CellOf(signals.Label, signals.SimHash));
            }

            odometers[i] = calibration.Cells.MassOf(in cells);
        }

        return odometers;
    }

    private static int[] Check(IClassifier target, DetectionCalibration calibration, Dataset pool, Dataset test, OdometerExperimentOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Repeats, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Repeats, 100, nameof(options));
        DetectionProfile profile = calibration.Profile;
        if (profile.ScoreLength != target.ClassCount || (profile.InputLength != 0 && profile.InputLength != target.InputLength))
        {
            throw new ArgumentException(
                $"The calibration is of rows of {profile.InputLength} values and {profile.ScoreLength} scores; the model takes {target.InputLength} and answers {target.ClassCount}. Calibrate this model.", nameof(calibration));
        }

        if (pool.Width != target.InputLength || test.Width != target.InputLength || test.Count == 0)
        {
            throw new ArgumentException(
                $"'{pool.Name}' has rows of {pool.Width} values and '{test.Name}' {test.Count} rows of {test.Width}; the model takes {target.InputLength}.", nameof(pool));
        }

        int[] counts = [.. options.Counts.Where(count => count >= 1 && count <= pool.Count).Distinct().Order()];
        return counts.Length > 0
            ? counts
            : throw new ArgumentException($"'{pool.Name}' holds {pool.Count} rows; none of the counts {string.Join(' ', options.Counts)} is 1 to that many.", nameof(pool));
    }

    private static float[] Classify(IClassifier classifier, Dataset rows)
    {
        float[] probabilities = new float[rows.Count * classifier.ClassCount];
        classifier.Classify(rows.Values.Span, probabilities);
        return probabilities;
    }
}
