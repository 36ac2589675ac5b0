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
        int classes = transcript.AnswerLength;
        float[] targets = new float[transcript.Answers.Length];
        for (int row = 0; row < targets.Length; row += classes)
        {
            targets[row + TensorPrimitives.IndexOfMax(transcript.Answers.Slice(row, classes))] = 1;
        }

        return targets;
    }
}
