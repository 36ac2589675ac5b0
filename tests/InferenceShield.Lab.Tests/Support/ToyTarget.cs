namespace InferenceShield.Lab.Tests;

/// <summary>Two classes: whether the first of two values is the larger.</summary>
internal sealed class ToyTarget : IClassifier
{
    public int InputLength => 2;

    public int ClassCount => 2;

    public static Dataset Rows(ulong seed, int count)
    {
        SeededRandom random = new(seed, stream: 0);
        float[] values = new float[count * 2];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSigned();
        }

        return new Dataset("points", values, 2);
    }

    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        for (int row = 0; row < inputs.Length; row += 2)
        {
            float first = 1 / (1 + MathF.Exp(4 * (inputs[row + 1] - inputs[row])));
            probabilities[row] = first;
            probabilities[row + 1] = 1 - first;
        }
    }
}
