namespace InferenceShield.OnnxRuntime;

/// <summary>The model file is missing, cut short, or not ONNX; or the model does not have what the shield was told of it.</summary>
public sealed class ModelFileException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public ModelFileException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public ModelFileException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public ModelFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
