namespace InferenceShield;

/// <summary>Notices that what is declared as logits of independent scores has only held numbers between 0 and 1: probabilities, most
/// likely, which a sigmoid flattens.</summary>
/// <remarks>Thread-safe without a lock; after the first number out of that range, one read a call.</remarks>
internal sealed class LogitRangeWatch
{
    /// <summary>Answers after which it is said.</summary>
    public const int Answers = 1000;

    /// <summary>Answers to go; at most 0 when it is settled.</summary>
    private int _left = Answers;

    /// <summary>Looks at a call's logits.</summary>
    /// <param name="logits">Row after row.</param>
    /// <param name="rows">How many.</param>
    /// <returns>True once: at the answer that completes their number, if none was out of range.</returns>
    public bool Note(ReadOnlySpan<float> logits, int rows)
    {
        if (Volatile.Read(ref _left) <= 0)
        {
            return false;
        }

        foreach (float logit in logits)
        {
            if (logit is < 0 or > 1)
            {
                Volatile.Write(ref _left, 0);
                return false;
            }
        }

        int left = Interlocked.Add(ref _left, -rows);
        return left <= 0 && left + rows > 0;
    }
}
