using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>Seeded rows of input with labels of their own, and scores that mostly say so.</summary>
internal sealed class SignalSample
{
    public SignalSample(int rows, int length, int classes, ulong seed, float scale = 1)
    {
        SeededRandom random = new(seed, 7);
        Rows = rows;
        Length = length;
        Classes = classes;
        Inputs = new float[rows * length];
        Logits = new float[rows * classes];
        for (int row = 0; row < rows; row++)
        {
            int label = random.NextInt32(classes);
            for (int i = 0; i < length; i++)
            {
                float level = ((i * 7) + (label * 31)) % 97 < 50 ? .8f : .1f;
                Inputs[(row * length) + i] = scale * Math.Clamp(level + (.5f * random.NextSigned()), 0, 1);
            }

            for (int i = 0; i < classes; i++)
            {
                Logits[(row * classes) + i] = (2 * random.NextSigned()) + (i == label ? 3 : 0);
            }
        }
    }

    public int Rows { get; }

    public int Length { get; }

    public int Classes { get; }

    public float[] Inputs { get; }

    public float[] Logits { get; }

    public static ShieldSecret Secret(byte first = 1) => new([.. Enumerable.Range(first, 32).Select(i => (byte)i)]);

    public DetectionProfile Learn(InputKind kind = InputKind.Image, byte secret = 1, string model = "digits")
    {
        using ShieldSecret key = Secret(secret);
        return DetectionProfile.Learn(key, model, kind, OutputKind.Logits, Inputs, Length, Logits, Classes);
    }

    public ReadOnlySpan<float> Input(int row) => Inputs.AsSpan(row * Length, Length);

    public ReadOnlySpan<float> Scores(int row) => Logits.AsSpan(row * Classes, Classes);

    public QuerySignals Measure(DetectionProfile profile, int row)
    {
        QuerySignals signals = default;
        profile.Measure(Input(row), Scores(row), 5, ref signals);
        return signals;
    }
}
