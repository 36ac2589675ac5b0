using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>The softmax of logits in double precision, rounded once.</summary>
internal static class DoubleSoftmax
{
    /// <summary>Writes the distribution of some logits, which are destroyed.</summary>
    public static void Apply(Span<double> logits, Span<float> probabilities)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), logits);
        TensorPrimitives.Exp(logits, logits);
        TensorPrimitives.Divide(logits, TensorPrimitives.Sum<double>(logits), logits);
        TensorPrimitives.ConvertTruncating(logits, probabilities);
    }
}
