namespace InferenceShield;

/// <summary>One output of the model: what it is and how it is released.</summary>
public sealed class OutputOptions
{
    /// <summary>What its numbers are. Required.</summary>
    public OutputKind Kind { get; set; }

    /// <summary>How it is released.</summary>
    /// <value>The default, <see langword="null"/>, takes <see cref="ShieldOptions.Hardening"/>.</value>
    public HardeningOptions? Hardening { get; set; }
}
