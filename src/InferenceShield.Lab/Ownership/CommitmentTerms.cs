namespace InferenceShield.Lab;

/// <summary>What a commitment states beside the key.</summary>
public sealed record CommitmentTerms
{
    /// <summary>SHA-256 of the model's file, in lower-case hexadecimal.</summary>
    public required string ModelDigest { get; init; }

    /// <summary>The marks, as <see cref="CommittedMarks.Of"/> finds them in a shield's options. At least one.</summary>
    public required IReadOnlyList<CommittedMarks> Marks { get; init; }

    /// <summary>SHA-256 of the file of <see cref="ShieldOptions.InputSpaceFile"/>, in lower-case hexadecimal.</summary>
    /// <value>The default, <see langword="null"/>, is none.</value>
    public string? InputSpaceDigest { get; init; }

    /// <summary>How long the commitment holds.</summary>
    /// <value>Above zero; the default, <see langword="null"/>, is for ever.</value>
    public TimeSpan? Validity { get; init; }
}
