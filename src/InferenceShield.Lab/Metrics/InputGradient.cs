using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Which way inputs have to move for a model to err.</summary>
internal static class InputGradient
{
    private const double Least = 1e-30;

    /// <summary>Writes the gradient of a loss by the inputs: a surrogate's cross-entropy, else by finite differences how far the label leads.</summary>
    /// <param name="model">The model.</param>
    /// <param name="inputs">Rows of input.</param>
    /// <param name="labels">The label of each, from which to move away.</param>
    /// <param name="step">How far a value is moved each way for a difference.</param>
    /// <param name="gradient">Receives as many rows.</param>
    public static void OfLoss(IClassifier model, ReadOnlySpan<float> inputs, ReadOnlySpan<int> labels, float step, Span<float> gradient)
    {
        if (model is not Surrogate surrogate)
        {
            Difference(model, inputs, labels, step, gradient);
            return;
        }

        float[] targets = new float[labels.Length * model.ClassCount];
        for (int row = 0; row < labels.Length; row++)
        {
            targets[(row * model.ClassCount) + labels[row]] = 1;
        }

        surrogate.GetInputGradient(inputs, targets, gradient);
    }

    private static void Difference(IClassifier model, ReadOnlySpan<float> inputs, ReadOnlySpan<int> labels, float step, Span<float> gradient)
    {
        int width = model.InputLength;
        float[] moved = new float[2 * width * width];
        float[] answers = new float[2 * width * model.ClassCount];
        for (int row = 0; row < labels.Length; row++)
        {
            for (int i = 0; i < 2 * width; i++)
            {
                Span<float> copy = moved.AsSpan(i * width, width);
                inputs.Slice(row * width, width).CopyTo(copy);
                copy[i / 2] += i % 2 == 0 ? step : -step;
            }

            model.Classify(moved, answers);
            for (int i = 0; i < width; i++)
            {
                gradient[(row * width) + i] = (float)(
                    GetLoss(answers.AsSpan(2 * i * model.ClassCount, model.ClassCount), labels[row])
                    - GetLoss(answers.AsSpan(((2 * i) + 1) * model.ClassCount, model.ClassCount), labels[row]));
            }
        }
    }

    /// <summary>The logarithm of the largest other class over the label: unlike the label's own probability it is never flat near 1.</summary>
    private static double GetLoss(Span<float> answer, int label)
    {
        double own = answer[label];
        answer[label] = 0;
        return Math.Log(Math.Max(TensorPrimitives.Max<float>(answer), Least)) - Math.Log(Math.Max(own, Least));
    }
}
