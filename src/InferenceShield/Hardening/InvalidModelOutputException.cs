namespace InferenceShield;

/// <summary>The model gave something that cannot be released: NaN or infinity, or numbers that are not of the declared kind.</summary>
/// <remarks>The server's fault, not the caller's: a host answers 500. Nothing of the call is released.</remarks>
public sealed class InvalidModelOutputException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public InvalidModelOutputException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public InvalidModelOutputException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public InvalidModelOutputException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal InvalidModelOutputException(string message, string output, int row, int index)
        : base(message)
    {
        Output = output;
        Row = row;
        Class = index;
    }

    /// <summary>The output's name; empty if unknown.</summary>
    public string Output { get; } = "";

    /// <summary>The row (or time step) in the output, from 0; -1 if unknown.</summary>
    public int Row { get; } = -1;

    /// <summary>The class in the row, from 0; -1 if the whole row is at fault.</summary>
    public int Class { get; } = -1;
}
