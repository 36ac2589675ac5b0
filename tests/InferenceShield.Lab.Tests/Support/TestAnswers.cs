namespace InferenceShield.Lab.Tests;

/// <summary>Answers for tests, drawn from a seed, and what a thief would have heard.</summary>
internal static class TestAnswers
{
    /// <summary>Distributions as sharp as those of trained models.</summary>
    public static float[] Draw(int rows, int classes, ulong seed = 1, AnswerPrior? prior = null) =>
        (prior ?? AnswerPrior.Sharp).Draw(new Transcript(1, classes), rows, seed);

    /// <summary>What a policy makes of clean answers under the defender's key.</summary>
    public static float[] Release(ReleasePolicy policy, float[] clean, int classes, ulong key = 7)
    {
        float[] released = new float[clean.Length];
        policy.Create(key).Apply(default, clean, classes, released);
        return released;
    }

    /// <summary>A transcript of released answers to inputs that do not matter.</summary>
    public static Transcript Hear(float[] released, int classes)
    {
        Transcript transcript = new(1, classes);
        transcript.Add(new float[released.Length / classes], released);
        return transcript;
    }

    /// <summary>Mean L1 distance of two sets of answers.</summary>
    public static double Distance(float[] first, float[] second, int classes) =>
        first.Zip(second, static (a, b) => Math.Abs((double)a - b)).Sum() / (first.Length / classes);

    /// <summary>A target that answers row i of the pool, whose input is i, with answer i.</summary>
    public static IClassifier Target(float[] answers, int classes) => new Table(answers, classes);

    private sealed class Table(float[] answers, int classes) : IClassifier
    {
        public int InputLength => 1;

        public int ClassCount => classes;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            for (int row = 0; row < inputs.Length; row++)
            {
                answers.AsSpan((int)inputs[row] * classes, classes).CopyTo(probabilities[(row * classes)..]);
            }
        }
    }
}
