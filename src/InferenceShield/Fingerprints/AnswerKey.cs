namespace InferenceShield;

/// <summary>All that a released answer is a function of.</summary>
/// <param name="Digest">The keyed digest of the input row, over all inputs and their shapes.</param>
/// <param name="Epoch">Rises whenever answers may change: with the plan, the secret, the model.</param>
/// <param name="Output">The output's index.</param>
/// <param name="Variant">Which of several answers that are in force together: the posture, the policy, and whose mark it carries.</param>
internal readonly record struct AnswerKey(InputDigest Digest, long Epoch, int Output, int Variant);
