namespace InferenceShield.Lab;

/// <summary>What a thief makes of released answers before he trains on them.</summary>
public interface IAnswerRecovery
{
    /// <summary>What it is called in reports.</summary>
    string Name { get; }

    /// <summary>Turns released answers into distributions to train on.</summary>
    /// <param name="transcript">What was asked and answered.</param>
    /// <param name="policy">The defence as the thief knows it: the algorithm, not the key.</param>
    /// <param name="seed">All choices follow from it.</param>
    /// <returns>As many rows as the transcript has, of the same length.</returns>
    float[] Recover(Transcript transcript, ReleasePolicy policy, ulong seed);
}
