namespace InferenceShield.Lab.Tests;

/// <summary>Seeded rows and the answers of a random linear model: a task whose solution is known.</summary>
internal sealed class Teacher
{
    public Teacher(int rows, int width, int classes, ulong seed, float sharpness = 2f)
    {
        Width = width;
        Classes = classes;
        SeededRandom random = new(seed, stream: 7);
        Inputs = new float[rows * width];
        float[] weights = new float[width * classes];
        foreach (ref float value in Inputs.AsSpan())
        {
            value = random.NextSigned();
        }

        foreach (ref float value in weights.AsSpan())
        {
            value = random.NextSigned() * sharpness;
        }

        Answers = new float[rows * classes];
        for (int row = 0; row < rows; row++)
        {
            double[] scores = new double[classes];
            for (int i = 0; i < width; i++)
            {
                for (int label = 0; label < classes; label++)
                {
                    scores[label] += Inputs[(row * width) + i] * weights[(i * classes) + label];
                }
            }

            double sum = scores.Sum(score => Math.Exp(score - scores.Max()));
            for (int label = 0; label < classes; label++)
            {
                Answers[(row * classes) + label] = (float)(Math.Exp(scores[label] - scores.Max()) / sum);
            }
        }
    }

    public int Width { get; }

    public int Classes { get; }

    public float[] Inputs { get; }

    public float[] Answers { get; }

    public int Count => Inputs.Length / Width;

    public Surrogate Train(SurrogateOptions options, ulong seed = 1, int threads = 1) =>
        SurrogateTrainer.Train(Inputs, Answers, Width, Classes, options, seed, threads, CancellationToken.None);

    public CopyMetrics Measure(IClassifier copy) => CopyMetrics.Measure(Answers, Ask(copy), [], Classes);

    public float[] Ask(IClassifier copy)
    {
        float[] answers = new float[Answers.Length];
        copy.Classify(Inputs, answers);
        return answers;
    }
}
