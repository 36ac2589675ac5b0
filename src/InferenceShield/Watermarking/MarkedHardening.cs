namespace InferenceShield;

/// <summary>Hardens one row of a distribution and marks it.</summary>
internal static class MarkedHardening
{
    /// <inheritdoc cref="DistributionHardening.TryHarden"/>
    /// <param name="plan">How; <see cref="OutputPlan.Marks"/> is not null.</param>
    /// <param name="noiseKey">Keys the noise.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="released">As long; may be the same span.</param>
    /// <param name="top">The clean leading class.</param>
    /// <param name="confidence">Its probability.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <param name="basis">What the answer hangs on besides its scores.</param>
    /// <param name="marked">What was done.</param>
    public static bool TryHarden(
        OutputPlan plan, NoiseKey noiseKey, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, out OutputFault fault,
        in RowBasis basis, out MarkedRow marked)
    {
        MarkPlan marks = plan.Marks!;
        NearTie tie = default;
        bool isTie = marks.Margin > 0 && NearTieMark.TryFind(plan.Kind, clean, marks.Margin, out tie);
        CosineStep cosine = marks.Cosine is { } step && basis.HasMark && !basis.IsUnmarked
            ? new CosineStep(step, basis.Mark.Projection, basis.Mark.PayloadProjection, basis.PayloadPhase)
            : default;
        if (!DistributionHardening.TryHarden(plan, noiseKey, clean, released, out top, out confidence, out fault, in basis.Input, in cosine))
        {
            marked = default;
            return false;
        }

        marked = new MarkedRow { Clean = top, Released = top, Other = -1 };
        if (isTie)
        {
            marked.Kinds |= MarkKinds.NearTie;
            marked.Other = tie.Lower == top ? tie.Higher : tie.Lower;
            marked.Released = marks.Keying == MarkKeying.Cell ? NearTieMark.Pick(marks.Key.NearTies, tie) : NearTieMark.Pick(marks.Key.NearTies, tie, basis.Mark.Exact);
            (released[top], released[marked.Released]) = (released[marked.Released], released[top]);
        }

        return true;
    }
}
