namespace InferenceShield.OnnxRuntime;

/// <summary>The device a model should run on cannot be used. The message says why and what to do.</summary>
public sealed class ExecutionDeviceUnavailableException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public ExecutionDeviceUnavailableException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public ExecutionDeviceUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public ExecutionDeviceUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
