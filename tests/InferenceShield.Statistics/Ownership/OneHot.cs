using System.Numerics.Tensors;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Labels and distributions, one as the other.</summary>
internal static class OneHot
{
    public static float[] Of(ReadOnlySpan<int> labels, int classes)
    {
        float[] rows = new float[labels.Length * classes];
        for (int row = 0; row < labels.Length; row++)
        {
            rows[(row * classes) + labels[row]] = 1;
        }

        return rows;
    }

    /// <summary>The leading class of each row.</summary>
    public static int[] Labels(ReadOnlySpan<float> answers, int classes)
    {
        int[] labels = new int[answers.Length / classes];
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = TensorPrimitives.IndexOfMax(answers.Slice(row * classes, classes));
        }

        return labels;
    }

    /// <summary>Clean answers to rows.</summary>
    public static float[] Ask(IClassifier model, ReadOnlySpan<float> rows)
    {
        float[] answers = new float[rows.Length / model.InputLength * model.ClassCount];
        model.Classify(rows, answers);
        return answers;
    }
}
