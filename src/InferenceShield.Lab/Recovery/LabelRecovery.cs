using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Keeps the label of each answer and nothing else: what no argmax-preserving defence can take away.</summary>
public sealed class LabelRecovery : IAnswerRecovery
{
    /// <inheritdoc/>
    public string Name => "top-1";

    /// <inheritdoc/>
    public float[] Recover(Transcript transcript, ReleasePolicy policy, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(transcript);
        return ToLabels(transcript.Answers, transcript.AnswerLength);
    }

    /// <summary>1 for the label of each answer, 0 for its other classes.</summary>
    internal static float[] ToLabels(ReadOnlySpan<float> answers, int classes)
    {
        float[] labels = new float[answers.Length];
        for (int row = 0; row < labels.Length; row += classes)
        {
            labels[row + TensorPrimitives.IndexOfMax(answers.Slice(row, classes))] = 1;
        }

        return labels;
    }
}
