namespace InferenceShield;

/// <summary>How clean scores become the released answer, in one posture. The defaults are the measured ones.</summary>
/// <remarks>
/// <para>Order: softmax (logits), temperature, then at most one of the five that change the answer
/// (<see cref="LeastInformationBudget"/>, <see cref="CodebookFile"/>, <see cref="KeyedNoiseBudget"/>, <see cref="ReverseSigmoid"/>,
/// <see cref="AdaptiveMisinformation"/>), then <see cref="ConfidenceCutoff"/>, <see cref="ConfidenceCap"/> and <see cref="TopK"/>, then
/// <see cref="Release"/>. Each row is hardened by itself: in any batch, thread or replica the same row gets the same answer.</para>
/// <para>What is left <see langword="null"/> follows the posture: <see cref="ShieldOptions.Hardening"/> releases rounded
/// probabilities, <see cref="ShieldOptions.Guarded"/> bands, <see cref="ShieldOptions.Restricted"/> the label only, and
/// none of them more than the posture before it.</para>
/// <para>One of the five that change the answer is a posture's own and not taken over from the one before, as what follows there by itself,
/// bands and the label only, hides more than it does. Where two postures have the same <see cref="Release"/>, the later one
/// names it, too, or another, and no smaller budget of it; else it would tell more, which is a fault.</para>
/// </remarks>
public sealed class HardeningOptions
{
    /// <summary>In what form probabilities leave.</summary>
    /// <value>The default, <see langword="null"/>, is <see cref="Release.Rounding"/> for a normal caller,
    /// <see cref="Release.Bands"/> for a guarded and <see cref="Release.LabelOnly"/> for a restricted one, or that of the
    /// posture before it where that tells less. A posture that tells more than the one before it is a fault.</value>
    public Release? Release { get; set; }

    /// <summary>Decimals that probabilities keep, on a grid on which they sum to exactly 1 with one strict maximum.</summary>
    /// <value>1 to 5; the default is 2. How many hide the rank of the last layer depends on the model: 5 did not on one that was
    /// trained briefly, 4 just did (<see cref="LeakReport"/>). One costs honest users some error detection. For
    /// <see cref="Release.Rounding"/>.</value>
    public int Decimals { get; set; } = 2;

    /// <summary>Release the leading classes only; the others become 0 and the rest is renormalised.</summary>
    /// <value>1 to 1,000,000; the default, <see langword="null"/>, releases all; of tokens 5, or as many as the posture before it where
    /// that is less. For <see cref="Release.Rounding"/> and tokens; 1 is <see cref="Release.LabelOnly"/>.</value>
    public int? TopK { get; set; }

    /// <summary>What becomes of the probability of the classes that <see cref="TopK"/> leaves out.</summary>
    /// <value>The default is <see cref="TopKRemainder.Zero"/>.</value>
    public TopKRemainder TopKRemainder { get; set; }

    /// <summary>Significant digits that probabilities keep instead of <see cref="Decimals"/>: small ones tell more, large ones less.</summary>
    /// <value>1 to 5, five decimals at the most; the default, <see langword="null"/>, rounds to decimals. For
    /// <see cref="Release.Rounding"/>.</value>
    public int? ProbabilityDigits { get; set; }

    /// <summary>The confidence above which all answers tell the same one.</summary>
    /// <value>.5 to 1; the default, <see langword="null"/>, is that of the posture before it, whose bands know no higher confidence
    /// either, and for a normal caller none. What a thief loses by it is not measured; honest users lose the difference between sure
    /// and surer. For <see cref="Release.Rounding"/>.</value>
    public double? ConfidenceCap { get; set; }

    /// <summary>The probability below which classes are released as 0; the rest is renormalised. The leading class always stays.</summary>
    /// <value>0 to .5; the default, <see langword="null"/>, is that of the posture before it, whose bands tell nothing of the classes below
    /// either, and for a normal caller none. Above .5 only the label would be left: <see cref="Release.LabelOnly"/>. Before
    /// <see cref="ConfidenceCap"/>. Not measured; it raises the confidence of unsure answers. For <see cref="Release.Rounding"/>.</value>
    public double? ConfidenceCutoff { get; set; }

    /// <summary>A file of confidence bands learned from benign answers, as <see cref="ConfidenceBands.Save"/> writes it.</summary>
    /// <value>A path, as the process sees it; the default, <see langword="null"/>, takes <see cref="BandEdges"/>. Read when the
    /// options come into force, at start and on reload, never later. The file has to be for this model and for
    /// <see cref="OutputOptions.Classes"/>, which has to be set. One that is authenticated is checked under the shield's
    /// secret; one with a checksum only is believed: who can write it decides what is released, as who can write the
    /// configuration does. For <see cref="Release.Bands"/>.</value>
    public string? BandFile { get; set; }

    /// <summary>The edges of bands without a file: the thresholds that applications compare confidences with, which no answer
    /// crosses then.</summary>
    /// <value>1 to 63 numbers between 0 and 1, ascending, with at most 5 decimals, at least 0.00002 apart; those at or below
    /// 1/classes are left out. The default, <see langword="null"/>, takes the bands of the posture before, if it has any, else, up to its <see cref="ConfidenceCap"/>,
    /// .25, .5, .6, .7, .8, .9, .95, .99. Without a file the number that a band releases is its middle, which nothing has
    /// calibrated: learn bands from benign answers where confidences are read as probabilities. For
    /// <see cref="Release.Bands"/>.</value>
    public IReadOnlyList<double>? BandEdges { get; set; }

    /// <summary>The L1 budget within which an answer is replaced by the one that tells least of it (ModelGuard-W).</summary>
    /// <value>0 to 2, at most .2 is sensible; the default, 0, is off. Measured: a thief who trains on scores as they are loses
    /// much; one who trains on the labels loses no more than label-only answers cost him, and honest users find 77 to 88 % of
    /// answers on the other side of a .9 threshold. Needs a release after it that rounds or bands: alone it
    /// keeps exact ratios, which tell the rank of the last layer.</value>
    public double LeastInformationBudget { get; set; }

    /// <summary>A file of typical answers learned from benign ones, as <see cref="AnswerCodebook.Save"/> writes it: the nearest of
    /// the label is released as it is, if it is within the file's L1 cap.</summary>
    /// <value>A path, as for <see cref="BandFile"/>; the default, <see langword="null"/>, is none. Answers beyond the cap are
    /// released as <see cref="Release"/> says; with <see cref="Release.Bands"/> the number of distinct answers is bounded. Measured on the
    /// sample models, 16 centroids a label cost honest users .03 to .04 of AUROC for telling errors, bands .005, and 3 to 5 %
    /// of answers cross a .9 threshold (tests/InferenceShield.Statistics/results/learned-releases.csv).</value>
    public string? CodebookFile { get; set; }

    /// <summary>The L1 distance by which keyed noise may move a distribution before rounding.</summary>
    /// <value>0 to 1.9; the default, 0, adds none. The noise is a function of the secret and the output cell (label and
    /// probabilities to one decimal), or of what <see cref="NoiseCell"/> says: the same on every repeat, for every caller and replica, so averaging repeats gains
    /// nothing. Confident answers of one label share a cell, so who knows one clean answer of it knows its noise; it tells
    /// him little that the label does not. Measured, noise costs a thief nothing at budgets up to .2 and honest users their
    /// thresholds.</value>
    public double KeyedNoiseBudget { get; set; }

    /// <summary>How keyed noise is distributed.</summary>
    /// <value>The default is <see cref="NoiseKind.Uniform"/>.</value>
    public NoiseKind KeyedNoiseKind { get; set; }

    /// <summary>What keyed noise is a function of: of a distribution (<see cref="KeyedNoiseBudget"/>), of regression values
    /// (<see cref="QuantisationStep"/>) and of embeddings (<see cref="CosineBudget"/>).</summary>
    /// <value>The default, <see langword="null"/>, is that of the posture before it, and for a normal caller <see cref="InferenceShield.NoiseCell.Output"/>.
    /// All postures of an output have the same. With another than Output the host gives an <see cref="InputCell"/> or an
    /// <see cref="InputDigest"/> a row to <see cref="Shield.Harden(in Admission, ReadOnlySpan{InputCell}, ReadOnlySpan{float}, Span{float}, int, int)"/>;
    /// without it, nothing is released. Near-duplicates average the noise of <see cref="InferenceShield.NoiseCell.ExactInput"/> away: the mean of 64 keeps .16 of it,
    /// of Output .74.</value>
    public NoiseCell? NoiseCell { get; set; }

    /// <summary>Reverse sigmoid, for comparison with published figures.</summary>
    /// <value>The default, <see langword="null"/>, is off. Measured: weak it costs a thief nothing, strong it inverts the confidence that
    /// honest users see and costs a thief who takes the label no more than label-only answers.</value>
    public ReverseSigmoidOptions? ReverseSigmoid { get; set; }

    /// <summary>Adaptive misinformation, for comparison with published figures: unsure answers are drawn towards a keyed permutation of
    /// themselves, as far as the label stays.</summary>
    /// <value>The default, <see langword="null"/>, is off. As the label is kept, it costs a thief who takes the label nothing.</value>
    public AdaptiveMisinformationOptions? AdaptiveMisinformation { get; set; }

    /// <summary>Divides logits before the softmax (for probabilities: the same on their logarithms).</summary>
    /// <value>0.05 to 100; the default, 1, changes nothing. Temperature alone does not protect: above 1 it gives a thief
    /// more per answer, not less (.7 to 2.2 points of agreement at 2,000 queries: docs/efficacy.md).</value>
    public double Temperature { get; set; } = 1;

    /// <summary>Significant digits that embedding and regression values keep.</summary>
    /// <value>1 to 6; the default, <see langword="null"/>, is 3 for a normal caller, 2 for a guarded and 1 for a restricted
    /// one, or that of the posture before it where that is less.</value>
    public int? SignificantDigits { get; set; }

    /// <summary>The step of a keyed, dithered quantisation of regression values, in the output's unit: no released value is further than
    /// half of it from the clean one.</summary>
    /// <value>1.2e-7 to 1e30: a smaller step is below what float32 tells apart at 1 and would release ordinary values as they are, so have a
    /// model with smaller values give them in another unit. The default, <see langword="null"/>, is ten times that of the posture before it (1e30 at the most), and for a normal caller
    /// none: values are rounded to <see cref="SignificantDigits"/> then. A posture may have one only if the posture before it has one.</value>
    public double? QuantisationStep { get; set; }

    /// <summary>How far keyed noise and rounding may turn an embedding: the cosine of released and clean vector is at least 1 less
    /// this.</summary>
    /// <value>0 (no noise) to 1, and enough for rounding to <see cref="SignificantDigits"/>: .0013 at 2 digits, .134 at 1. The default,
    /// <see langword="null"/>, is 0 for a normal caller, else that of the posture before it and what this one's rounding costs more: the
    /// noise stays.</value>
    public double? CosineBudget { get; set; }

    /// <summary>The marks that answers carry.</summary>
    /// <value>The default, <see langword="null"/>, is those of the posture before it, and for a normal caller none.</value>
    public WatermarkOptions? Watermark { get; set; }

    internal HardeningOptions Clone()
    {
        HardeningOptions copy = (HardeningOptions)MemberwiseClone();
        copy.BandEdges = BandEdges?.ToArray();
        copy.Watermark = Watermark?.Clone();
        copy.ReverseSigmoid = ReverseSigmoid?.Clone();
        copy.AdaptiveMisinformation = AdaptiveMisinformation?.Clone();
        return copy;
    }
}
