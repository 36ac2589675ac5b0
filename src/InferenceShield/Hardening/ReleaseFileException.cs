namespace InferenceShield;

/// <summary>A file with a learned release was refused. The message says what was expected and what was found.</summary>
public sealed class ReleaseFileException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public ReleaseFileException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public ReleaseFileException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public ReleaseFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal ReleaseFileException(ReleaseFileFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>Why.</summary>
    public ReleaseFileFault Fault { get; }
}
