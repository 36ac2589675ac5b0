namespace InferenceShield.Lab;

/// <summary>What an oracle said to a batch.</summary>
/// <param name="Answered">Rows that were answered, counted from the first; the others were refused or not asked.</param>
/// <param name="RetryAfter">When a refusal asks to come back; zero where nothing was refused or nothing said.</param>
/// <param name="Delay">How long the oracle kept the caller waiting before it answered.</param>
/// <param name="Unasked">Rows at the end that never reached the model, because one before them was refused or the budget was spent: no queries.</param>
/// <param name="WaitingHelps">False where the same rows would be refused again after any wait: the caller is blocked, the batch too large, the budget spent.</param>
public readonly record struct OracleReply(int Answered, TimeSpan RetryAfter = default, TimeSpan Delay = default, int Unasked = 0, bool WaitingHelps = true);
