namespace InferenceShield;

/// <summary>What was answered over one sliding window: which labels, and with what values.</summary>
/// <remarks>A snapshot. Each answer weighs exp(-age/window); weights are within 0.4 %, and answers may count as up to a second
/// younger. Labels and values are read one after the other. A clean score is a probability, without hardening or temperature; an
/// answer from a cache counts with its released score.</remarks>
/// <param name="Labels">Number and entropy of the leading classes.</param>
/// <param name="LabelShares">The share of each label, in order; labels beyond the last share one by a keyed hash. Sums to 1, or all 0.</param>
/// <param name="Values">Mean and variance of the leading class's clean score (of the values, for a regression or an embedding).</param>
public sealed record AnswerStatistics(LabelSnapshot Labels, IReadOnlyList<double> LabelShares, ValueSnapshot Values);
