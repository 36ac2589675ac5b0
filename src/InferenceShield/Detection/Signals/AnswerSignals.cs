using System.Numerics;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Measures clean answers: their labels and the five output scalars. Immutable, thread-safe; no allocation after a thread's first call.</summary>
/// <remarks>Numbers that are not finite count as the least there is: no score, no probability. Regression and embeddings have the one
/// label 0; of them are measured the mean and the ln of the root mean square of the standardised values (in the places of LogConfidence and
/// LogMargin) and OutputDistance; the rest is 0.</remarks>
internal sealed class AnswerSignals
{
    /// <summary>Added to probabilities before a logarithm is taken.</summary>
    private const float LeastProbability = 1e-7f;

    /// <summary>Where the logarithm of a margin ends.</summary>
    private const double LeastShare = 1e-12;

    /// <summary>Scores further out are taken for this.</summary>
    private const float LargestScore = 1e30f;

    /// <summary>Values of a regression further out, in spreads, are taken for this.</summary>
    private const float LargestValue = 64;

    /// <summary>Labels up to which pairs of labels have a table.</summary>
    private const int MostPairs = 1024;

    /// <summary>Weight, in rows, of the second labels of all rows where those of a label are counted.</summary>
    private const double PriorRows = 10;

    [ThreadStatic]
    private static float[]? s_floats;

    [ThreadStatic]
    private static double[]? s_doubles;

    private readonly OutputKind _kind;
    private readonly float[] _valueMeans;
    private readonly float[] _valueFactors;
    private readonly float[] _surprises;
    private readonly LabelGaussians _gaussians;

    private AnswerSignals(OutputKind kind, int scoreLength, float[] valueMeans, float[] valueFactors, float[] surprises, LabelGaussians? gaussians, ReadOnlySpan<float> logs, ReadOnlySpan<int> labels)
    {
        _kind = kind;
        ScoreLength = scoreLength;
        Classes = ClassesOf(kind, scoreLength);
        _valueMeans = valueMeans;
        _valueFactors = valueFactors;
        _surprises = surprises;
        _gaussians = gaussians ?? LabelGaussians.Learn(logs, Length, labels, Classes);
    }

    /// <summary>Numbers in a row of scores.</summary>
    public int ScoreLength { get; }

    /// <summary>Labels that there are.</summary>
    public int Classes { get; }

    private bool HasLabels => _kind is not (OutputKind.Regression or OutputKind.Embedding);

    /// <summary>Numbers of which <see cref="SignalScalar.OutputDistance"/> is measured.</summary>
    private int Length => HasLabels ? Classes : ScoreLength;

    private bool HasPairs => _surprises.Length > Classes;

    /// <summary>Learns of rows of clean scores.</summary>
    public static AnswerSignals Learn(OutputKind kind, ReadOnlySpan<float> scores, int scoreLength, out int[] labels)
    {
        int rows = scores.Length / scoreLength;
        labels = new int[rows];
        if (kind is OutputKind.Regression or OutputKind.Embedding)
        {
            FeatureScale.Learn(scores, scoreLength, out float[] means, out float[] factors);
            float[] values = new float[scores.Length];
            for (int row = 0; row < rows; row++)
            {
                FiniteRow.Standardise(scores.Slice(row * scoreLength, scoreLength), means, factors, LargestValue, values.AsSpan(row * scoreLength));
            }

            return new AnswerSignals(kind, scoreLength, means, factors, [], null, values, labels);
        }

        int classes = ClassesOf(kind, scoreLength);
        int[] seconds = new int[rows];
        float[] logs = new float[rows * classes];
        float[] probabilities = new float[classes];
        for (int row = 0; row < rows; row++)
        {
            Normalise(kind, scores.Slice(row * scoreLength, scoreLength), probabilities, out int label, out int second, out _);
            labels[row] = label;
            seconds[row] = second;
            NaturalLogs.Fill(probabilities, LeastProbability, logs.AsSpan(row * classes, classes));
            Centre(probabilities, logs.AsSpan(row * classes, classes));
        }

        return new AnswerSignals(kind, scoreLength, [], [], LearnSurprises(labels, seconds, classes), null, logs, labels);
    }

    /// <summary>Measures one answer: label, second, confidence and the output scalars.</summary>
    public void Measure(ReadOnlySpan<float> scores, ref QuerySignals signals)
    {
        // Whole vectors: what lies behind the probabilities is transformed too, and not looked at.
        int stride = WhitenedNorm.Stride(Length);
        Span<float> space = Take(ref s_floats, 2 * stride);
        Span<float> logs = space.Slice(stride, Length);
        if (!HasLabels)
        {
            MeasureValues(scores, logs, ref signals);
            return;
        }

        Span<float> probabilities = space[..Length];
        Normalise(_kind, scores, probabilities, out int label, out int second, out double rest);
        NaturalLogs.Fill(space[..stride], LeastProbability, space[stride..]);
        double entropy = Centre(probabilities, logs);
        float first = probabilities[label];
        signals.Label = label;
        signals.Second = second;
        signals.Confidence = first;
        signals.Scalars[(int)SignalScalar.LogConfidence] = (float)-Math.Log10(rest + LeastProbability);
        signals.Scalars[(int)SignalScalar.LogMargin] = second == label
            ? (float)Math.Log(Math.Max(first, LeastShare) / LeastShare)
            : (float)Math.Log(Math.Max(first, LeastShare) / Math.Max(probabilities[second], LeastShare));
        signals.Scalars[(int)SignalScalar.Entropy] = (float)(IsSigmoid(_kind) && ScoreLength > 1 ? BinaryEntropies(probabilities) : entropy);
        signals.Scalars[(int)SignalScalar.SecondSurprise] = second == label ? 0 : _surprises[HasPairs ? (label * Classes) + second : second];
        signals.Scalars[(int)SignalScalar.OutputDistance] = _gaussians.LogDistance(label, logs);
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write((int)_kind);
        writer.Write(ScoreLength);
        ProfileFile.Write(writer, _valueMeans);
        ProfileFile.Write(writer, _valueFactors);
        ProfileFile.Write(writer, _surprises);
        _gaussians.Write(writer);
    }

    public static AnswerSignals Read(BinaryReader reader) =>
        new(
            (OutputKind)reader.ReadInt32(), reader.ReadInt32(), ProfileFile.ReadFloats(reader), ProfileFile.ReadFloats(reader), ProfileFile.ReadFloats(reader),
            LabelGaussians.Read(reader), [], []);

    /// <summary>The labels of an answer: one score alone stands for two.</summary>
    private static int ClassesOf(OutputKind kind, int scoreLength) =>
        kind is OutputKind.Regression or OutputKind.Embedding ? 1 : IsSigmoid(kind) && scoreLength == 1 ? 2 : scoreLength;

    private static bool IsSigmoid(OutputKind kind) => kind is OutputKind.SigmoidLogits or OutputKind.SigmoidProbabilities;

    /// <summary>Makes probabilities of scores and finds the two leading labels; rest is 1 less the leading probability, exact where it is small.</summary>
    private static void Normalise(OutputKind kind, ReadOnlySpan<float> scores, Span<float> probabilities, out int label, out int second, out double rest)
    {
        double exact = -1;
        if (kind == OutputKind.Logits)
        {
            exact = Softmax(scores, probabilities);
        }
        else
        {
            for (int i = 0; i < scores.Length; i++)
            {
                float p = kind == OutputKind.SigmoidLogits ? Sigmoid(scores[i]) : scores[i];
                probabilities[i] = p > 0 ? Math.Min(p, 1) : 0; // NaN as 0
            }
        }

        if (scores.Length < probabilities.Length)
        {
            (probabilities[0], probabilities[1]) = (1 - probabilities[0], probabilities[0]);
        }

        FindLeading(probabilities, out label, out second);
        rest = exact >= 0 ? exact : 1 - (double)probabilities[label];
    }

    /// <summary>Gives the sum of all probabilities but the largest.</summary>
    private static double Softmax(ReadOnlySpan<float> scores, Span<float> probabilities)
    {
        float largest = -LargestScore;
        for (int i = 0; i < scores.Length; i++)
        {
            float score = scores[i] > -LargestScore ? Math.Min(scores[i], LargestScore) : -LargestScore; // NaN as the least
            probabilities[i] = score;
            largest = Math.Max(largest, score);
        }

        Span<double> exponentials = Take(ref s_doubles, scores.Length);
        double sum = RowExponentials.Fill(probabilities[..scores.Length], largest, 1, exponentials);
        double share = 1 / sum;
        for (int i = 0; i < scores.Length; i++)
        {
            probabilities[i] = (float)(exponentials[i] * share);
        }

        return (sum - 1) * share;
    }

    private static float Sigmoid(float score) => float.IsNaN(score) ? 0 : (float)(1 / (1 + Math.Exp(-score)));

    private static void FindLeading(ReadOnlySpan<float> probabilities, out int label, out int second)
    {
        label = 0;
        for (int i = 1; i < probabilities.Length; i++)
        {
            label = probabilities[i] > probabilities[label] ? i : label;
        }

        second = label;
        float largest = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] > largest && i != label)
            {
                largest = probabilities[i];
                second = i;
            }
        }
    }

    /// <summary>Subtracts the mean of ln(p + 1e-7), and gives the entropy of p.</summary>
    private static double Centre(ReadOnlySpan<float> probabilities, Span<float> logs)
    {
        double entropy = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            entropy -= (double)probabilities[i] * logs[i];
        }

        SignedFold.Subtract(logs, FixedOrderSum.Sum(logs) / logs.Length);
        return Math.Max(entropy, 0);
    }

    /// <summary>The entropy of labels that have nothing to do with one another.</summary>
    private static double BinaryEntropies(ReadOnlySpan<float> probabilities)
    {
        double entropy = 0;
        foreach (float p in probabilities)
        {
            entropy -= (p * Math.Log(p + (double)LeastProbability)) + ((1 - p) * Math.Log(1 - p + (double)LeastProbability));
        }

        return Math.Max(entropy, 0);
    }

    private static float[] LearnSurprises(int[] labels, int[] seconds, int classes)
    {
        bool pairs = classes is > 1 and <= MostPairs;
        double[] all = new double[classes];
        double[] counts = new double[pairs ? classes * classes : 0];
        double[] totals = new double[classes];
        Array.Fill(all, .5);
        double total = .5 * classes;
        for (int row = 0; row < labels.Length; row++)
        {
            if (seconds[row] != labels[row])
            {
                all[seconds[row]]++;
                total++;
                totals[labels[row]]++;
                if (pairs)
                {
                    counts[(labels[row] * classes) + seconds[row]]++;
                }
            }
        }

        float[] surprises = new float[pairs ? counts.Length : classes];
        for (int i = 0; i < surprises.Length; i++)
        {
            double share = all[i % classes] / total;
            int label = i / classes;
            surprises[i] = (float)-Math.Log(pairs ? (counts[i] + (PriorRows * share)) / (totals[label] + PriorRows) : share);
        }

        return surprises;
    }

    private void MeasureValues(ReadOnlySpan<float> scores, Span<float> values, ref QuerySignals signals)
    {
        FiniteRow.Standardise(scores, _valueMeans, _valueFactors, LargestValue, values);
        RowMoments moments = RowMoments.Of(values, 0, float.NegativeInfinity);
        signals.Label = 0;
        signals.Second = 0;
        signals.Confidence = float.NaN;
        signals.Scalars[(int)SignalScalar.LogConfidence] = moments.Sum / values.Length;
        signals.Scalars[(int)SignalScalar.LogMargin] = (float)(.5 * Math.Log((moments.Squares / values.Length) + 1e-6));
        signals.Scalars[(int)SignalScalar.Entropy] = 0;
        signals.Scalars[(int)SignalScalar.SecondSurprise] = 0;
        signals.Scalars[(int)SignalScalar.OutputDistance] = _gaussians.LogDistance(0, values);
    }

    private static Span<T> Take<T>(ref T[]? array, int length)
    {
        if (array is null || array.Length < length)
        {
            array = new T[BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, 64))];
        }

        return array.AsSpan(0, length);
    }
}
