namespace InferenceShield.Lab;

/// <summary>What a model answered to the queries of a verification, numbered as the target's classes.</summary>
/// <param name="Labels">One for each query; -1 where there is no answer, or one that is none of the target's classes.</param>
/// <param name="Scores">Probabilities, row after row; null where only labels are known.</param>
internal sealed record SuspectAnswers(int[] Labels, float[]? Scores)
{
    /// <summary>What a model in this process answers.</summary>
    public static SuspectAnswers Of(IClassifier model, Dataset queries)
    {
        float[] scores = new float[queries.Count * model.ClassCount];
        model.Classify(queries.Values.Span, scores);
        int[] labels = new int[queries.Count];
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(scores.AsSpan(row * model.ClassCount, model.ClassCount));
        }

        return new SuspectAnswers(labels, scores);
    }

    /// <summary>The same without what another left unanswered, so that both are tested on the same queries.</summary>
    public SuspectAnswers Only(SuspectAnswers asked) => this with { Labels = [.. Labels.Select((label, row) => asked.Labels[row] < 0 ? -1 : label)] };
}
