namespace InferenceShield;

/// <summary>Bytes that were to be restored are not the state of such a sketch, or not one made under this key. The
/// message says what was expected and what was found.</summary>
public sealed class SketchStateException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public SketchStateException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public SketchStateException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public SketchStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
