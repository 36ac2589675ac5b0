using System.Numerics.Tensors;

namespace InferenceShield.Benchmarks.Support;

/// <summary>The default plans of guarded and restricted callers as a careful user writes them with TensorPrimitives and LINQ: rows
/// checked, the softmax safe, and the very answers that a shield releases.</summary>
internal sealed class CarefulHardening
{
    private const int Units = 100_000;

    private readonly ConfidenceBands _bands;

    public CarefulHardening(int classes) => _bands = new BandSource([0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]).For(classes);

    /// <summary>Label, band and second label.</summary>
    public float[] ReleaseBands(float[] logits)
    {
        RequireFinite(logits);
        float[] probabilities = new float[logits.Length];
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), probabilities);
        TensorPrimitives.Exp(probabilities, probabilities);
        TensorPrimitives.Divide(probabilities, TensorPrimitives.Sum<float>(probabilities), probabilities);
        int top = TensorPrimitives.IndexOfMax<float>(probabilities);
        int second = Enumerable.Range(0, probabilities.Length).Where(i => i != top).MaxBy(i => probabilities[i]);
        int band = _bands.Edges.Count(edge => probabilities[top] >= (float)edge);
        int leader = (int)Math.Round(_bands.Confidences[band] * Units);
        int runnerUp = (int)Math.Round(_bands.RunnersUp[band] * Units);
        (int each, int left) = Math.DivRem(Units - leader - runnerUp, probabilities.Length - 2);
        return [.. Enumerable.Range(0, probabilities.Length).Select(i => (i == top ? leader : i == second ? runnerUp : left-- > 0 ? each + 1 : each) / (float)Units)];
    }

    /// <summary>1 for the leading class.</summary>
    public static float[] ReleaseLabel(float[] logits)
    {
        RequireFinite(logits);
        float[] released = new float[logits.Length];
        released[TensorPrimitives.IndexOfMax<float>(logits)] = 1;
        return released;
    }

    private static void RequireFinite(float[] logits)
    {
        if (!logits.All(float.IsFinite))
        {
            throw new InvalidOperationException("A logit is not finite.");
        }
    }
}
