namespace InferenceShield;

/// <summary>What one <see cref="UtilityCell"/> held at one instant, or the sum of several.</summary>
internal record struct UtilityTotals(
    long Rows,
    long Distance,
    long MaxDistance,
    long TopChanged,
    (long First, long Second, long Third, long Fourth) Crossings,
    (long Rows, long Divergence, long CleanEntropy, long ReleasedEntropy) Sampled,
    MarkedRowCounts Marked = default,
    long LabelsMoved = 0)
{
    public static UtilityTotals operator +(UtilityTotals left, UtilityTotals right) => new(
        left.Rows + right.Rows,
        left.Distance + right.Distance,
        Math.Max(left.MaxDistance, right.MaxDistance),
        left.TopChanged + right.TopChanged,
        (left.Crossings.First + right.Crossings.First,
            left.Crossings.Second + right.Crossings.Second,
            left.Crossings.Third + right.Crossings.Third,
            left.Crossings.Fourth + right.Crossings.Fourth),
        (left.Sampled.Rows + right.Sampled.Rows,
            left.Sampled.Divergence + right.Sampled.Divergence,
            left.Sampled.CleanEntropy + right.Sampled.CleanEntropy,
            left.Sampled.ReleasedEntropy + right.Sampled.ReleasedEntropy),
        left.Marked + right.Marked,
        left.LabelsMoved + right.LabelsMoved);
}
