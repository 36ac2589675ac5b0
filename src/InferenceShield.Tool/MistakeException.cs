namespace InferenceShield.Tool;

/// <summary>Something that the user can mend; the message says in one line what, where, and what to do.</summary>
internal sealed class MistakeException : Exception
{
    public MistakeException()
    {
    }

    public MistakeException(string message)
        : base(message)
    {
    }

    public MistakeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
