namespace InferenceShield;

/// <summary>The labels answered over one sliding window, as of one moment.</summary>
/// <param name="Total">Answers in the window: each weighs exp(-age/window).</param>
/// <param name="EntropyBits">Shannon entropy of the labels' shares, in bits: 0 when all are the same (or none), the
/// logarithm of the number of buckets when all are equally frequent. Where several labels share a bucket, it is that
/// of the buckets, which is never more than that of the labels.</param>
public readonly record struct LabelSnapshot(double Total, double EntropyBits);
