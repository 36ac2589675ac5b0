namespace InferenceShield.Lab;

/// <summary>What an oracle said to a batch.</summary>
/// <param name="Answered">Rows that were answered, counted from the first; the others were refused.</param>
/// <param name="RetryAfter">When a refusal asks to come back; zero where nothing was refused or nothing said.</param>
/// <param name="Delay">How long the oracle kept the caller waiting before it answered.</param>
public readonly record struct OracleReply(int Answered, TimeSpan RetryAfter = default, TimeSpan Delay = default);
