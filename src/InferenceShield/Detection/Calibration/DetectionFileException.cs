namespace InferenceShield;

/// <summary>A file of detection, a calibration or a log, was refused. The message says what was expected and what was found.</summary>
public sealed class DetectionFileException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public DetectionFileException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public DetectionFileException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public DetectionFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal DetectionFileException(DetectionFileFault fault, string message)
        : base(message) => Fault = fault;

    /// <summary>Why.</summary>
    public DetectionFileFault Fault { get; }
}
