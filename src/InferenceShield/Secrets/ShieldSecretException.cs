namespace InferenceShield;

/// <summary>The shield's secret is missing or not usable. The message says which and what to do, and holds no part of it.</summary>
public sealed class ShieldSecretException : Exception
{
    /// <summary>Makes one without a message.</summary>
    public ShieldSecretException()
    {
    }

    /// <summary>Makes one with a message.</summary>
    public ShieldSecretException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with a message and a cause.</summary>
    public ShieldSecretException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
