namespace InferenceShield.Lab;

/// <summary>A commitment, its opening, its timestamp or a dossier was refused. The message says what, why, and what to do.</summary>
public sealed class OwnershipFileException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public OwnershipFileException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public OwnershipFileException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public OwnershipFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal OwnershipFileException(OwnershipFileFault fault, string message, Exception? innerException = null)
        : base(message, innerException) => Fault = fault;

    /// <summary>Why.</summary>
    public OwnershipFileFault Fault { get; }
}
