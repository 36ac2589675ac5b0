using System.Numerics.Tensors;

namespace InferenceShield.Tool;

/// <summary>What the numbers of an output seem to be.</summary>
/// <param name="Output">Its name in the model.</param>
/// <param name="Kind">The guess; <see cref="OutputKind.None"/> where there is none.</param>
/// <param name="Width">Numbers in a row.</param>
/// <param name="Reason">Why.</param>
internal sealed record OutputGuess(string Output, OutputKind Kind, int Width, string Reason)
{
    private const double SumTolerance = 1e-3;

    /// <summary>Whether it can be stolen and audited: distributions over two or more classes.</summary>
    public bool HasClasses => Width >= 2 && Kind is OutputKind.Probabilities or OutputKind.Logits;

    /// <summary>Guesses from what a model answers to some rows.</summary>
    /// <param name="answers">Each output's answers, row after row, with its rank.</param>
    /// <param name="rows">How many rows were asked.</param>
    public static IReadOnlyList<OutputGuess> Of(IReadOnlyList<(string Output, int Rank, float[] Answers)> answers, int rows)
    {
        List<OutputGuess> guesses = [];
        foreach ((string output, int rank, float[] values) in answers)
        {
            guesses.Add(Guess(output, rank, values, values.Length / rows));
        }

        // Scores whose softmax is another output are logits, and no guess.
        foreach ((string output, int _, float[] values) in answers)
        {
            int width = values.Length / rows;
            string? softmax = guesses.Where(other => other.Kind == OutputKind.Probabilities && other.Width == width && other.Output != output)
                .FirstOrDefault(other => IsSoftmax(values, answers.First(answer => answer.Output == other.Output).Answers, width))?.Output;
            if (softmax is not null)
            {
                guesses[guesses.FindIndex(guess => guess.Output == output)] = new OutputGuess(output, OutputKind.Logits, width, $"its softmax is the output '{softmax}'");
            }
        }

        return guesses;
    }

    /// <summary>Turns answers of this output into distributions.</summary>
    public float[] ToProbabilities(float[] answers)
    {
        if (Kind == OutputKind.Logits)
        {
            for (int row = 0; row < answers.Length; row += Width)
            {
                SoftMax(answers.AsSpan(row, Width));
            }
        }

        return answers;
    }

    private static OutputGuess Guess(string output, int rank, float[] values, int width)
    {
        bool inUnit = values.All(value => value is >= 0 and <= 1);
        if (values.Any(value => !float.IsFinite(value)))
        {
            return new OutputGuess(output, OutputKind.None, width, "some values are not finite");
        }

        if (rank != 2)
        {
            return new OutputGuess(output, OutputKind.None, width, $"it has {rank} dimensions; say yourself whether it is TokenLogits, an Embedding or State");
        }

        if (inUnit && width > 1 && Enumerable.Range(0, values.Length / width).All(row => Math.Abs(TensorPrimitives.Sum<float>(values.AsSpan(row * width, width)) - 1) < SumTolerance))
        {
            return new OutputGuess(output, OutputKind.Probabilities, width, "rows are not negative and sum to 1");
        }

        if (inUnit)
        {
            return new OutputGuess(output, OutputKind.SigmoidProbabilities, width, "values lie between 0 and 1 and rows do not sum to 1");
        }

        if (output.Contains("emb", StringComparison.OrdinalIgnoreCase) || output.Contains("feature", StringComparison.OrdinalIgnoreCase))
        {
            return new OutputGuess(output, OutputKind.Embedding, width, "its name says so");
        }

        if (width > 1 && values.All(value => value >= 0))
        {
            return new OutputGuess(output, OutputKind.Embedding, width, "values are never negative, as after a ReLU; a guess");
        }

        return width == 1
            ? new OutputGuess(output, OutputKind.Regression, width, "one number a row; a guess: it may be SigmoidLogits")
            : new OutputGuess(output, OutputKind.Logits, width, "unbounded scores; a guess");
    }

    private static bool IsSoftmax(float[] scores, float[] probabilities, int width)
    {
        float[] row = new float[width];
        for (int at = 0; at < scores.Length; at += width)
        {
            scores.AsSpan(at, width).CopyTo(row);
            SoftMax(row);
            if (TensorPrimitives.Distance<float>(row, probabilities.AsSpan(at, width)) > SumTolerance)
            {
                return false;
            }
        }

        return true;
    }

    private static void SoftMax(Span<float> row)
    {
        TensorPrimitives.Subtract(row, TensorPrimitives.Max<float>(row), row); // not safe from overflow by itself
        TensorPrimitives.SoftMax(row, row);
    }
}
