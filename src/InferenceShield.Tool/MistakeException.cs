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

    /// <summary>What the library says of an argument, without the name that it has in code.</summary>
    public static MistakeException Of(ArgumentException exception)
    {
        int name = exception.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return new MistakeException(name < 0 ? exception.Message : exception.Message[..name]);
    }
}
