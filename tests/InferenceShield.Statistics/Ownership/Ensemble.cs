using System.Numerics.Tensors;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Copies whose answers are averaged.</summary>
internal sealed class Ensemble(IReadOnlyList<IClassifier> members) : IClassifier
{
    public int InputLength => members[0].InputLength;

    public int ClassCount => members[0].ClassCount;

    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        Span<float> sum = probabilities[..(inputs.Length / InputLength * ClassCount)];
        float[] one = new float[sum.Length];
        sum.Clear();
        foreach (IClassifier member in members)
        {
            member.Classify(inputs, one);
            TensorPrimitives.Add(sum, one, sum);
        }

        TensorPrimitives.Divide(sum, members.Count, sum);
    }
}
