namespace InferenceShield;

/// <summary>A list of marked queries was refused. The message says what was expected and what was found.</summary>
public sealed class EvidenceFileException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public EvidenceFileException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public EvidenceFileException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public EvidenceFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal EvidenceFileException(EvidenceFileFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>Why.</summary>
    public EvidenceFileFault Fault { get; }
}
