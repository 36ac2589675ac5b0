namespace InferenceShield;

/// <summary>What a <see cref="LeakReport"/> is told besides the answers.</summary>
public sealed class LeakOptions
{
    /// <summary>What the clean scores are.</summary>
    /// <value><see cref="OutputKind.Probabilities"/>, the default, or <see cref="OutputKind.Logits"/>.</value>
    public OutputKind Kind { get; set; } = OutputKind.Probabilities;

    /// <summary>The width of the model's last hidden layer, where it is known: gaps are measured behind it.</summary>
    /// <value>1 to classes - 2. The default, <see langword="null"/>, looks for the largest gap wherever it is; then only ratios
    /// above 10 count, for spectra fall by themselves.</value>
    public int? HiddenWidth { get; set; }

    /// <summary>Released answers to the same kind of inputs, shrunk towards 0 (to a half or a quarter, say), row after row. Such
    /// answers are less saturated and tell more. Any number of rows from twice the classes on.</summary>
    /// <value>Empty by default: that attack is then not tried, and the report says so.</value>
    public ReadOnlyMemory<double> ShrunkReleased { get; set; }
}
