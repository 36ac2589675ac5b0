namespace InferenceShield.Lab;

/// <summary>Gives every class the same probability: what somebody knows who knows nothing.</summary>
internal sealed class UniformClassifier(int inputLength, int classCount) : IClassifier
{
    public int InputLength => inputLength;

    public int ClassCount => classCount;

    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities) =>
        probabilities[..(inputs.Length / inputLength * classCount)].Fill(1f / classCount);
}
