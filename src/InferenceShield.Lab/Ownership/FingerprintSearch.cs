using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Looks for the inputs of a <see cref="Fingerprint"/>. Used once, by one thread.</summary>
/// <remarks>Conferrability as Lukas et al. (ICLR 2021) define it, the mean probability that surrogates give the target's label times one less that of independent
/// models. They find inputs by gradients; here, without any: the best of many mixtures of two probes, which need of models no more than answers.</remarks>
internal sealed class FingerprintSearch
{
    private const int FewestModels = 4;
    private const float SmallestShare = 0.3f;
    private const int Stream = 71;

    /// <summary>What is added to a mean probability: a few models that never give a label do not show that none does.</summary>
    private const double Doubt = 0.02;

    private readonly IClassifier _target;
    private readonly Dataset _probes;
    private readonly IReadOnlyList<IClassifier> _independents;
    private readonly IReadOnlyList<IClassifier> _surrogates;
    private readonly FingerprintOptions _options;
    private readonly int _width;
    private readonly int _classes;
    private SeededRandom _random;

    public FingerprintSearch(
        IClassifier target, Dataset probes, IReadOnlyList<IClassifier> independents, IReadOnlyList<IClassifier> surrogates, FingerprintOptions options, ulong seed)
    {
        _target = target;
        _probes = probes;
        _independents = independents;
        _surrogates = surrogates;
        _options = options;
        _width = target.InputLength;
        _classes = target.ClassCount;
        _random = new SeededRandom(seed, Stream);
        if (probes.Count < 2 || probes.Width != _width || !probes.HasLabels)
        {
            throw new ArgumentException($"There are {probes.Count} probes of {probes.Width} values, labels {probes.HasLabels}; at least 2 labelled ones of {_width} are needed.", nameof(probes));
        }

        if (independents.Count < FewestModels || surrogates.Count < FewestModels)
        {
            throw new ArgumentException($"There are {independents.Count} independent models and {surrogates.Count} copies; at least {FewestModels} of each are needed.", nameof(independents));
        }

        foreach (IClassifier model in independents.Concat(surrogates))
        {
            RequireShape(model, _width, _classes, "model");
        }
    }

    public Fingerprint Run()
    {
        int[] answered = LabelsOf(_target, _probes.Values.Span);
        int[] mistakes = [.. Enumerable.Range(0, _probes.Count).Where(row => answered[row] != _probes.Labels.Span[row]).Take(_options.Mistakes)];
        (float[] conferrable, int[] conferred) = FindConferrable(answered);
        float[] values = [.. _probes.Select(mistakes).Values.Span, .. conferrable];
        int[] labels = [.. mistakes.Select(row => answered[row]), .. conferred];
        if (labels.Length == 0)
        {
            throw new ArgumentException("The target makes no mistake on the probes, and no conferrable inputs are asked for: there is nothing to compare on. Give more probes, or set FingerprintOptions.Conferrable.", nameof(values));
        }

        FingerprintGroup[] groups = [.. Enumerable.Repeat(FingerprintGroup.Mistake, mistakes.Length), .. Enumerable.Repeat(FingerprintGroup.Conferrable, conferred.Length)];
        return new Fingerprint(new Dataset("fingerprint", values, _width), labels, groups, RatiosOf(values), _classes, [_target, .. _independents, .. _surrogates]);
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

    /// <summary>The most conferrable of mixtures of two probes that the target tells apart.</summary>
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

        return (kept, [.. best.Select(i => labels[i])]);
    }

    /// <summary>How conferrable each row is, 0 to 1.</summary>
    private double[] Score(ReadOnlySpan<float> rows, int[] labels)
    {
        double[] copies = MeanProbability(_surrogates, rows, labels);
        double[] others = MeanProbability(_independents, rows, labels);
        return [.. copies.Zip(others, (copy, other) => copy * (1 - other))];
    }

    private double[] MeanProbability(IReadOnlyList<IClassifier> models, ReadOnlySpan<float> rows, int[] labels)
    {
        double[] mean = new double[labels.Length];
        foreach (IClassifier model in models)
        {
            float[] answers = Answer(model, rows);
            for (int i = 0; i < labels.Length; i++)
            {
                mean[i] += answers[(i * _classes) + labels[i]] / (double)models.Count;
            }
        }

        return mean;
    }

    /// <summary>For each row and label: the logarithm of how much likelier copies give it than independent models do.</summary>
    private float[] RatiosOf(float[] values)
    {
        float[][] copies = [.. _surrogates.Select(model => Answer(model, values))];
        float[][] others = [.. _independents.Select(model => Answer(model, values))];
        double[] ofCopies = Sum(copies);
        double[] ofOthers = Sum(others);

        // Each model by what the others say: of itself everything tells it apart.
        double between = copies.Average(one => MeanRatio(one, Less(ofCopies, one), copies.Length - 1, ofOthers, others.Length))
            - others.Average(one => MeanRatio(one, ofCopies, copies.Length, Less(ofOthers, one), others.Length - 1));
        if (between <= 0)
        {
            throw new ArgumentException("The copies' labels are no likelier of a copy than those of independent models are: there is nothing to tell them apart by. Give other probes, or copies made of more answers.", nameof(values));
        }

        float[] ratios = new float[ofCopies.Length];
        for (int i = 0; i < ratios.Length; i++)
        {
            ratios[i] = (float)RatioOf(ofCopies[i] / copies.Length, ofOthers[i] / others.Length);
        }

        return ratios;
    }

    private static double RatioOf(double copies, double others) => Math.Log((copies + Doubt) / (others + Doubt));

    private double MeanRatio(float[] answers, double[] copies, int copyCount, double[] others, int otherCount)
    {
        int[] labels = LabelsOf(answers, _classes);
        double sum = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            int place = (row * _classes) + labels[row];
            sum += RatioOf(copies[place] / copyCount, others[place] / otherCount);
        }

        return sum / labels.Length;
    }

    private static double[] Sum(float[][] answers)
    {
        double[] sum = new double[answers[0].Length];
        foreach (float[] one in answers)
        {
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += one[i];
            }
        }

        return sum;
    }

    private static double[] Less(double[] sum, float[] one) => [.. sum.Zip(one, (all, own) => Math.Max(0, all - own))];
}
