namespace InferenceShield.Lab;

/// <summary>The numbers that a test's p-values follow from. Answers by group and the key's bits, or answers by
/// label and their matches, or a statistic under random keys.</summary>
/// <remarks>Holds no key, no input and no score: of each group its two labels, the sum of their probabilities to one decimal, and, for marks by
/// input, the input's keyed digest.</remarks>
internal sealed record RecordedTest
{
    /// <summary>As <see cref="OwnershipTestResult.Name"/>.</summary>
    public required string Test { get; init; }

    /// <summary>Of each group: lower label, higher label, tenths of their probabilities' sum.</summary>
    public int[][]? Cells { get; init; }

    /// <summary>Of each group the digest of its input under the mark key, 32 hexadecimal digits; null for marks by cell.</summary>
    public string[]? Inputs { get; init; }

    /// <summary>Of each group 1 if the key picks the first.</summary>
    public string? Picks { get; init; }

    /// <summary>The suspect's answers.</summary>
    public SignCounts? Suspect { get; init; }

    /// <summary>Those of the controls, in the report's order.</summary>
    public SignCounts[] Controls { get; init; } = [];

    /// <summary>Of tests in which a key gives labels: the suspect's answers.</summary>
    public LabelCounts? Labels { get; init; }

    /// <summary>Those of the controls, in the report's order.</summary>
    public LabelCounts[] ControlLabels { get; init; } = [];

    /// <summary>The statistic under the owner's key.</summary>
    public double? Own { get; init; }

    /// <summary>The statistic under each random key.</summary>
    public double[]? Random { get; init; }
}
