using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>What confidences are worth, by the true labels.</summary>
internal static class Calibration
{
    private const int Bins = 15;

    /// <summary>Expected calibration error (Naeini, Cooper and Hauskrecht, 2015) in 15 bins of equal width.</summary>
    public static double MeasureError(ReadOnlySpan<float> answers, ReadOnlySpan<int> labels, int classCount)
    {
        Span<double> gaps = stackalloc double[Bins];
        gaps.Clear();
        for (int row = 0; row < labels.Length; row++)
        {
            (float confidence, bool isRight) = Judge(answers.Slice(row * classCount, classCount), labels[row]);
            gaps[Math.Clamp((int)(confidence * Bins), 0, Bins - 1)] += (isRight ? 1 : 0) - confidence;
        }

        return TensorPrimitives.SumOfMagnitudes<double>(gaps) / labels.Length;
    }

    /// <summary>Brier score (Brier, 1950): the squared distance from the label, summed over classes.</summary>
    public static double MeasureBrier(ReadOnlySpan<float> answers, ReadOnlySpan<int> labels, int classCount)
    {
        double sum = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            ReadOnlySpan<float> answer = answers.Slice(row * classCount, classCount);
            for (int i = 0; i < classCount; i++)
            {
                double gap = answer[i] - (i == labels[row] ? 1 : 0);
                sum += gap * gap;
            }
        }

        return sum / labels.Length;
    }

    /// <summary>Area under the ROC curve: how often a right answer has more confidence than a wrong one, ties half; .5 while all are
    /// right, or all wrong.</summary>
    public static double MeasureSeparation(ReadOnlySpan<float> answers, ReadOnlySpan<int> labels, int classCount)
    {
        float[] confidences = new float[labels.Length];
        bool[] isRight = new bool[labels.Length];
        for (int row = 0; row < labels.Length; row++)
        {
            (confidences[row], isRight[row]) = Judge(answers.Slice(row * classCount, classCount), labels[row]);
        }

        Array.Sort(confidences, isRight);
        double wins = 0;
        long rightBelow = 0;
        long wrongBelow = 0;
        for (int start = 0; start < confidences.Length;)
        {
            int end = start;
            int right = 0;
            for (; end < confidences.Length && confidences[end] == confidences[start]; end++)
            {
                right += isRight[end] ? 1 : 0;
            }

            int wrong = end - start - right;
            wins += right * (wrongBelow + (0.5 * wrong));
            rightBelow += right;
            wrongBelow += wrong;
            start = end;
        }

        return rightBelow == 0 || wrongBelow == 0 ? 0.5 : wins / rightBelow / wrongBelow;
    }

    private static (float Confidence, bool IsRight) Judge(ReadOnlySpan<float> answer, int label)
    {
        int top = TensorPrimitives.IndexOfMax(answer);
        return (answer[top], top == label);
    }
}
