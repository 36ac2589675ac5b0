namespace InferenceShield.OnnxRuntime;

/// <summary>The model failed while running. Nothing is released; the query stays charged. The cause, which may name parts of the model, is in <see cref="Exception.InnerException"/> and not for callers.</summary>
public sealed class ModelRunException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public ModelRunException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public ModelRunException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public ModelRunException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
