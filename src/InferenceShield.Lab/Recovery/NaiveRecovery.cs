namespace InferenceShield.Lab;

/// <summary>Trains on answers as they came.</summary>
public sealed class NaiveRecovery : IAnswerRecovery
{
    /// <inheritdoc/>
    public string Name => "naive";

    /// <inheritdoc/>
    public float[] Recover(Transcript transcript, ReleasePolicy policy, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(transcript);
        return transcript.Answers.ToArray();
    }
}
