namespace InferenceShield.Samples.Training;

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
}
