namespace InferenceShield;

/// <summary>The near-tie mark.</summary>
/// <remarks>Moves the label of about half of the near ties, and never one by more than the margin. Measured on one classifier of 10 classes:
/// a margin of .1 moved 1.3 % of labels, .2 moved 2.2 to 2.4 %, with no change in accuracy beyond .16 points. Margins are of probabilities
/// without <see cref="HardeningOptions.Temperature"/>.
/// <para>For labels: where scores, or bands with their second label, are released, the margin shows, and who knows of the mark can undo it at no
/// cost; there use <see cref="WatermarkOptions.Cosine"/> beside it, which scores keep and bands do not. From labels, one who trains a copy on each
/// half of the answers, and takes its answer to the other half wherever it differs from what he was told, undoes it for .9 to 2.9 points of
/// accuracy (two classifiers, 5,000 labels).</para></remarks>
public sealed class NearTieMarkOptions
{
    /// <summary>How near the two leading probabilities are for the mark to be placed.</summary>
    /// <value>Above 0, at most .5; the default, <see langword="null"/>, is .1 for a normal caller and .2 for a guarded or restricted one.</value>
    public double? Margin { get; set; }

    /// <summary>What the bit is a function of.</summary>
    /// <value>The default is <see cref="MarkKeying.Cell"/>.</value>
    public MarkKeying Keying { get; set; }

    /// <summary>Classes that are never moved and never moved to.</summary>
    /// <value>The default, <see langword="null"/>, is none.</value>
    public IReadOnlyList<int>? ExemptClasses { get; set; }

    internal NearTieMarkOptions Clone()
    {
        NearTieMarkOptions copy = (NearTieMarkOptions)MemberwiseClone();
        copy.ExemptClasses = ExemptClasses?.ToArray();
        return copy;
    }
}
