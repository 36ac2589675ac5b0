namespace InferenceShield.Lab;

/// <summary>An oracle cannot be asked, or what it said cannot be used. The message says what to do; it holds no key and no input.</summary>
public sealed class OracleException : Exception
{
    /// <summary>An exception without a message.</summary>
    public OracleException()
    {
    }

    /// <summary>Says what is wrong and what to do.</summary>
    public OracleException(string message)
        : base(message)
    {
    }

    /// <summary>Says what is wrong and what to do, and what is behind it.</summary>
    public OracleException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
