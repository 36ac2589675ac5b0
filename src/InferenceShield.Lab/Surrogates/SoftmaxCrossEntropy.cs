using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>The loss: the negative logarithm of the probability that softmax gives the true class.</summary>
internal static class SoftmaxCrossEntropy
{
    /// <summary>Writes softmax minus one-hot, scaled, and returns the loss of one sample.</summary>
    public static float Differentiate(ReadOnlySpan<float> logits, int label, float scale, Span<float> gradient)
    {
        // Shifted by the largest logit, no exponential overflows and the sum is at least 1.
        float largest = logits[0];
        foreach (float logit in logits)
        {
            largest = MathF.Max(largest, logit);
        }

        float sum = 0f;
        for (int i = 0; i < logits.Length; i++)
        {
            gradient[i] = MathF.Exp(logits[i] - largest);
            sum += gradient[i];
        }

        for (int i = 0; i < logits.Length; i++)
        {
            gradient[i] *= scale / sum;
        }

        gradient[label] -= scale;
        return MathF.Log(sum) - (logits[label] - largest);
    }

    /// <summary>The same for a distribution over classes: softmax minus target. The entropy of the target is no part of the loss.</summary>
    public static float Differentiate(ReadOnlySpan<float> logits, ReadOnlySpan<float> target, float scale, Span<float> gradient)
    {
        float largest = TensorPrimitives.Max(logits);
        TensorPrimitives.Subtract(logits, largest, gradient);
        float loss = -TensorPrimitives.Dot<float>(gradient, target);
        TensorPrimitives.Exp(gradient, gradient);
        float sum = TensorPrimitives.Sum<float>(gradient);
        float mass = TensorPrimitives.Sum(target);
        TensorPrimitives.Multiply(gradient, scale * mass / sum, gradient);
        TensorPrimitives.MultiplyAdd(target, -scale, gradient, gradient);
        return loss + (mass * MathF.Log(sum));
    }
}
