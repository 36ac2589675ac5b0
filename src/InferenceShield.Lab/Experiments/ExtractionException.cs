namespace InferenceShield.Lab;

/// <summary>A theft could not be carried out: nothing was answered, training diverged, or a model's answers are no distributions. The message says what to do.</summary>
public sealed class ExtractionException : Exception
{
    /// <summary>An exception without a message.</summary>
    public ExtractionException()
    {
    }

    /// <summary>Says what is wrong and what to do.</summary>
    public ExtractionException(string message)
        : base(message)
    {
    }

    /// <summary>Says what is wrong and what to do, and what is behind it.</summary>
    public ExtractionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
