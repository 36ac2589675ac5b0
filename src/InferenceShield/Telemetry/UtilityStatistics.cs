using System.Collections.Frozen;

namespace InferenceShield;

/// <summary>What releasing hardened answers cost honest users of one output under one posture, since the shield was built.</summary>
/// <remarks>
/// <para>Of outputs that are no distributions only the rows and their marks are counted. In observe-only mode the distances are those that enforcing would
/// have made. Rows and changed leaders are of every row, and so are crossings, but for those of labels alone (see
/// <see cref="Crossings"/>); distances, divergence and entropies of <see cref="Sampled"/> rows, and of one instant for each processor, the
/// logarithms within 1e-4 bits.</para>
/// <para>Of a batch in which a row is at fault no row counts as released; what was measured of the rows before it stays.</para>
/// <para>A snapshot, for operators: callers must not see it.</para>
/// </remarks>
public sealed record UtilityStatistics
{
    /// <summary>Rows and time steps that were hardened.</summary>
    public long Rows { get; init; }

    /// <summary>Rows whose clean leading class does not strictly lead the released answer.</summary>
    /// <remarks>Those whose label a mark has moved are among them: see <see cref="LabelsMoved"/>.</remarks>
    public long TopChanged { get; init; }

    /// <summary>Rows that carry a mark: see <see cref="WatermarkOptions"/>. Of every row.</summary>
    /// <remarks>Rows that <see cref="Shield.MarkTokens"/> marks are among them, and not among <see cref="Rows"/>: they are not hardened.</remarks>
    public long Marked { get; init; }

    /// <summary>The same by mark; a row with two, a cosine and another, is counted under both. Marks that no row has are left out.</summary>
    public IReadOnlyDictionary<MarkKinds, long> MarkedByKind { get; init; } = FrozenDictionary<MarkKinds, long>.Empty;

    /// <summary>Rows whose label a mark has moved. Of every row.</summary>
    public long LabelsMoved { get; init; }

    /// <summary>Mean L1 distance of clean and released, 0 to 2; each row's within 5e-7.</summary>
    public double MeanDistance { get; init; }

    /// <summary>The greatest L1 distance of the sampled rows, within 5e-7.</summary>
    public double MaxDistance { get; init; }

    /// <summary>Rows that crossed a threshold, for each of <see cref="UtilityOptions.Thresholds"/>.</summary>
    /// <remarks>Of every row, but where a label alone or at most 8 leading classes are released of logits: such an answer needs no clean
    /// confidence, which is then known of <see cref="Sampled"/> rows only.</remarks>
    public IReadOnlyList<ThresholdCrossings> Crossings { get; init; } = [];

    /// <summary>Rows that were measured: about one in <see cref="UtilityOptions.SampleOneIn"/>.</summary>
    public long Sampled { get; init; }

    /// <summary>Mean Kullback-Leibler divergence of released from clean, in bits: the sum of p log2(p / max(q, 1e-6)) over the
    /// classes. The floor keeps classes that are released as 0 finite: at most 20 bits a row.</summary>
    public double DivergenceBits { get; init; }

    /// <summary>Mean Shannon entropy of the clean distributions, in bits.</summary>
    public double CleanEntropyBits { get; init; }

    /// <summary>Mean Shannon entropy of the released ones, in bits.</summary>
    public double ReleasedEntropyBits { get; init; }

    /// <summary>Released confidences against the labels fed back with <see cref="Shield.ReportLabel"/>.</summary>
    public CalibrationSnapshot Released { get; init; }

    /// <summary>Clean confidences against those labels, of the answers that came with one.</summary>
    public CalibrationSnapshot Clean { get; init; }
}
