namespace InferenceShield;

/// <summary>A query that cannot be asked as it is: wrong name, shape, type or size, numbers that are not finite, no caller.</summary>
/// <remarks>The caller's fault: a host answers 400. The message names what, where and what to do, and is fit to be
/// shown to callers; it holds no input values. Nothing was charged and nothing ran.</remarks>
public sealed class InvalidQueryException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public InvalidQueryException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public InvalidQueryException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public InvalidQueryException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
