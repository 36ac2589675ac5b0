using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Looks for the inputs of a <see cref="Fingerprint"/>. Used once, by one thread.</summary>
/// <remarks>Conferrability as Lukas et al. (ICLR 2021) define it, the mean probability that surrogates give the target's label times one less that of independent
/// models. They find inputs by gradients; here, without any: mixtures of two probes, then steps along differences of probes, which stay where data may lie and need of
/// models no more than answers.</remarks>
internal sealed class FingerprintSearch
{
    private const int FewestModels = 4;
    private const float SmallestShare = 0.3f;
    private const float LargestStep = 0.25f;

    private readonly IClassifier _target;
    private readonly Dataset _probes;
    private readonly IClassifier[] _choosing;
    private readonly IClassifier[] _choosingCopies;
    private readonly IClassifier[] _weighing;
    private readonly IClassifier[] _weighingCopies;
    private readonly FingerprintOptions _options;
    private readonly int _width;
    private readonly int _classes;
    private readonly IReadOnlyList<IClassifier> _used;
    private SeededRandom _random;

    public FingerprintSearch(
        IClassifier target, Dataset probes, IReadOnlyList<IClassifier> independents, IReadOnlyList<IClassifier> surrogates, FingerprintOptions options, ulong seed)
    {
        _target = target;
        _probes = probes;
        _options = options;
        _width = target.InputLength;
        _classes = target.ClassCount;
        _random = new SeededRandom(seed, stream: 71);
        if (probes.Count < 2 || probes.Width != _width || !probes.HasLabels)
        {
            throw new ArgumentException($"There are {probes.Count} probes of {probes.Width} values, labels {probes.HasLabels}; at least 2 labelled ones of {_width} are needed.", nameof(probes));
        }

        if (independents.Count < FewestModels || surrogates.Count < FewestModels)
        {
            throw new ArgumentException($"There are {independents.Count} independent models and {surrogates.Count} copies; at least {FewestModels} of each are needed, of which one half chooses inputs and the other weighs them.", nameof(independents));
        }

        foreach (IClassifier model in independents.Concat(surrogates))
        {
            RequireShape(model, _width, _classes, "model");
        }

        // Every other one, so that both halves have of every kind that the lists are ordered by.
        _choosing = [.. independents.Where((_, i) => i % 2 == 0)];
        _weighing = [.. independents.Where((_, i) => i % 2 == 1)];
        _choosingCopies = [.. surrogates.Where((_, i) => i % 2 == 0)];
        _weighingCopies = [.. surrogates.Where((_, i) => i % 2 == 1)];
        _used = [target, .. independents, .. surrogates];
    }

    public Fingerprint Run()
    {
        float[] answers = Answer(_target, _probes.Values.Span);
        int[] labels = LabelsOf(answers, _classes);
        int[] boundary = [.. Enumerable.Range(0, _probes.Count).OrderBy(row => MarginOf(answers.AsSpan(row * _classes, _classes))).Take(_options.Boundary)];
        int[] wrong = [.. Enumerable.Range(0, _probes.Count).Where(row => labels[row] != _probes.Labels.Span[row])];
        double[] scores = Score(_probes.Select(wrong).Values.Span, [.. wrong.Select(row => labels[row])]);
        int[] mistakes = [.. Enumerable.Range(0, wrong.Length).OrderByDescending(i => scores[i]).Take(_options.Mistakes).Select(i => wrong[i])];
        (float[] conferrable, int[] conferred) = FindConferrable(labels);

        int[] natural = [.. boundary, .. mistakes];
        float[] values = [.. _probes.Select(natural).Values.Span, .. conferrable];
        int[] chosen = [.. natural.Select(row => labels[row]), .. conferred];
        FingerprintGroup[] groups =
        [
            .. Enumerable.Repeat(FingerprintGroup.Boundary, boundary.Length), .. Enumerable.Repeat(FingerprintGroup.Mistake, mistakes.Length),
            .. Enumerable.Repeat(FingerprintGroup.Conferrable, conferred.Length),
        ];
        return new Fingerprint(new Dataset("fingerprint", values, _width), chosen, groups, Weigh(values, chosen, groups), _classes, _used);
    }

    public static void RequireShape(IClassifier model, int width, int classes, string parameter)
    {
        if (model.InputLength != width || model.ClassCount != classes)
        {
            throw new ArgumentException($"A model takes {model.InputLength} values and knows {model.ClassCount} classes; the target {width} and {classes}. Bring its answers into the target's classes first.", parameter);
        }
    }

    public static int[] LabelsOf(IClassifier model, ReadOnlySpan<float> rows) => LabelsOf(Answer(model, rows), model.ClassCount);

    private static int[] LabelsOf(float[] answers, int classes)
    {
        int[] labels = new int[answers.Length / classes];
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = TensorPrimitives.IndexOfMax<float>(answers.AsSpan(row * classes, classes));
        }

        return labels;
    }

    private static float[] Answer(IClassifier model, ReadOnlySpan<float> rows)
    {
        float[] answers = new float[rows.Length / model.InputLength * model.ClassCount];
        model.Classify(rows, answers);
        return answers;
    }

    private static float MarginOf(ReadOnlySpan<float> answer)
    {
        int top = TensorPrimitives.IndexOfMax(answer);
        float second = 0;
        for (int i = 0; i < answer.Length; i++)
        {
            second = i == top ? second : Math.Max(second, answer[i]);
        }

        return answer[top] - second;
    }

    /// <summary>Mixtures of two probes that the target tells apart; the best of them are then moved.</summary>
    private (float[] Rows, int[] Labels) FindConferrable(int[] probeLabels)
    {
        int wanted = _options.Conferrable;
        if (wanted == 0)
        {
            return ([], []);
        }

        float[] rows = new float[wanted * _options.Candidates * _width];
        for (int i = 0; i < wanted * _options.Candidates; i++)
        {
            int first = _random.NextInt32(_probes.Count);
            int second = _random.NextInt32(_probes.Count);
            for (int tries = 0; tries < 100 && probeLabels[first] == probeLabels[second]; tries++)
            {
                second = _random.NextInt32(_probes.Count);
            }

            Span<float> row = rows.AsSpan(i * _width, _width);
            float share = _random.NextBetween(SmallestShare, 1 - SmallestShare);
            TensorPrimitives.Subtract(_probes.GetRow(first), _probes.GetRow(second), row);
            TensorPrimitives.Multiply(row, share, row);
            TensorPrimitives.Add(row, _probes.GetRow(second), row);
        }

        int[] labels = LabelsOf(_target, rows);
        double[] scores = Score(rows, labels);
        int[] best = [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).Take(wanted)];
        float[] kept = new float[wanted * _width];
        for (int i = 0; i < wanted; i++)
        {
            rows.AsSpan(best[i] * _width, _width).CopyTo(kept.AsSpan(i * _width));
        }

        int[] keptLabels = [.. best.Select(i => labels[i])];
        Move(kept, keptLabels, [.. best.Select(i => scores[i])]);
        return (kept, keptLabels);
    }

    /// <summary>Steps along the difference of two probes, kept where they make an input more conferrable.</summary>
    private void Move(float[] rows, int[] labels, double[] scores)
    {
        float[] moved = new float[rows.Length];
        float least = TensorPrimitives.Min(_probes.Values.Span);
        float most = TensorPrimitives.Max(_probes.Values.Span);
        for (int round = 0; round < _options.Moves; round++)
        {
            for (int i = 0; i < labels.Length; i++)
            {
                Span<float> row = moved.AsSpan(i * _width, _width);
                TensorPrimitives.Subtract(_probes.GetRow(_random.NextInt32(_probes.Count)), _probes.GetRow(_random.NextInt32(_probes.Count)), row);
                TensorPrimitives.Multiply(row, LargestStep * _random.NextShare(), row);
                TensorPrimitives.Add(row, rows.AsSpan(i * _width, _width), row);
                TensorPrimitives.Clamp(row, least, most, row);
            }

            int[] movedLabels = LabelsOf(_target, moved);
            double[] movedScores = Score(moved, movedLabels);
            for (int i = 0; i < labels.Length; i++)
            {
                if (movedScores[i] > scores[i])
                {
                    (labels[i], scores[i]) = (movedLabels[i], movedScores[i]);
                    moved.AsSpan(i * _width, _width).CopyTo(rows.AsSpan(i * _width));
                }
            }
        }
    }

    /// <summary>How conferrable each row is, 0 to 1.</summary>
    private double[] Score(ReadOnlySpan<float> rows, int[] labels)
    {
        double[] copies = MeanProbability(_choosingCopies, rows, labels);
        double[] others = MeanProbability(_choosing, rows, labels);
        return [.. copies.Zip(others, (copy, other) => copy * (1 - other))];
    }

    private double[] MeanProbability(IClassifier[] models, ReadOnlySpan<float> rows, int[] labels)
    {
        double[] mean = new double[labels.Length];
        foreach (IClassifier model in models)
        {
            float[] answers = Answer(model, rows);
            for (int i = 0; i < labels.Length; i++)
            {
                mean[i] += answers[(i * _classes) + labels[i]] / (double)models.Length;
            }
        }

        return mean;
    }

    /// <summary>By Fisher's criterion with groups taken as independent: the difference of the means over the variances, as models show that chose no input.</summary>
    private double[] Weigh(float[] values, int[] labels, FingerprintGroup[] groups)
    {
        double[][] copies = [.. _weighingCopies.Select(model => Fingerprint.AgreementOf(LabelsOf(model, values), labels, groups))];
        double[][] others = [.. _weighing.Select(model => Fingerprint.AgreementOf(LabelsOf(model, values), labels, groups))];
        double[] weights = new double[Fingerprint.GroupCount];
        for (int group = 0; group < weights.Length; group++)
        {
            int size = groups.Count(one => (int)one == group);
            if (size > 0)
            {
                (double copy, double copyVariance) = Moments([.. copies.Select(agreement => agreement[group])]);
                (double other, double otherVariance) = Moments([.. others.Select(agreement => agreement[group])]);
                weights[group] = Math.Max(0, copy - other) / (copyVariance + otherVariance + (0.5 / size)); // few models: not below chance
            }
        }

        double sum = weights.Sum();
        return sum > 0
            ? [.. weights.Select(weight => weight / sum)]
            : throw new ArgumentException("On no group of inputs do the copies agree with the target more than independent models do: there is nothing to tell them apart by. Give other probes, or copies made of more answers.", nameof(values));
    }

    private static (double Mean, double Variance) Moments(double[] values)
    {
        double mean = values.Average();
        return (mean, values.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, values.Length - 1));
    }
}
