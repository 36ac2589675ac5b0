namespace InferenceShield;

/// <summary>Hardens one row of a distribution and marks it.</summary>
/// <remarks>
/// <para>A mark in the label makes the clean scores of two classes change places before the row is hardened. So the answer is, bit for
/// bit, that of a model which has them so: nothing in it, whatever the release, says that there is a mark or which label was the
/// model's own.</para>
/// <para>A row has one mark in its label at most: a trap's, else a trigger's, else a near tie's. The order of low ranks is marked in the
/// others only.</para>
/// </remarks>
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
        marked = new MarkedRow { Other = -1 };
        ReadOnlySpan<float> scores = basis.IsUnmarked || clean.Length < 2 ? clean : Mark(plan, clean, in basis, ref marked);
        CosineStep cosine = plan.Marks!.Cosine is { } release && basis.HasMark && !basis.IsUnmarked
            ? new CosineStep(release, basis.Mark.Projection, basis.Mark.PayloadProjection, basis.PayloadPhase)
            : default;
        marked.Kinds |= cosine.IsNone ? MarkKinds.None : MarkKinds.Cosine;
        bool isHardened = DistributionHardening.TryHarden(plan, noiseKey, scores, released, out top, out confidence, out fault, in basis.Input, in cosine)
            || (scores != clean && DistributionHardening.TryHarden(plan, noiseKey, clean, released, out top, out confidence, out fault, in basis.Input)); // names the class that is at fault
        marked.Released = top;
        top = marked.IsPlaced ? marked.Clean : top;
        marked.Clean = top;
        return isHardened;
    }

    /// <summary>The scores to harden: the clean ones, or a copy in which some have changed places.</summary>
    private static ReadOnlySpan<float> Mark(OutputPlan plan, ReadOnlySpan<float> clean, in RowBasis basis, ref MarkedRow marked)
    {
        MarkPlan marks = plan.Marks!;
        if (marks.HasTraps && basis.HasMark && basis.Mark.Trap > 0)
        {
            int top = LeadingClass.FindFirst(clean);
            int label = TrapMark.Label(marks.Key.Traps, basis.Mark.Trap - 1, clean.Length, marks.TrapExempt);
            if (top >= 0 && label >= 0)
            {
                marked.Other = basis.Mark.Trap - 1;
                return Place(clean, MarkKinds.Trap, top, label, ref marked);
            }
        }

        if (marks.TriggerRate > 0 && basis.HasMark)
        {
            int top = LeadingClass.FindFirst(clean);
            if (top >= 0 && LabelTrigger.TryFind(marks.Key.Triggers, basis.Mark.Quantised, marks.TriggerRate, clean.Length, top, marks.TriggerExempt, out int label))
            {
                return Place(clean, MarkKinds.Trigger, top, label, ref marked);
            }
        }

        if (marks.Margin > 0 && NearTieMark.TryFind(plan.Kind, clean, marks.Margin, out NearTie tie)
            && !marks.NearTieExempt.Contains(tie.Lower) && !marks.NearTieExempt.Contains(tie.Higher))
        {
            int top = clean[tie.Higher] > clean[tie.Lower] ? tie.Higher : tie.Lower;
            marked.Other = tie.Lower == top ? tie.Higher : tie.Lower;
            int picked = marks.Keying == MarkKeying.Cell ? NearTieMark.Pick(marks.Key.NearTies, tie) : NearTieMark.Pick(marks.Key.NearTies, tie, basis.Mark.Exact);
            return Place(clean, MarkKinds.NearTie, top, picked, ref marked);
        }

        return marks.Permutation is { } keying ? Permute(marks, keying, clean, in basis, ref marked) : clean;
    }

    private static ReadOnlySpan<float> Place(ReadOnlySpan<float> clean, MarkKinds kind, int top, int label, ref MarkedRow marked)
    {
        marked.Kinds = kind;
        marked.Clean = top;
        marked.IsPlaced = true;
        if (label == top)
        {
            return clean;
        }

        Span<float> scores = HardeningScratch.ForThisThread.Marked(clean.Length);
        clean.CopyTo(scores);
        (scores[top], scores[label]) = (scores[label], scores[top]);
        if (scores[top] == scores[label] && top < label)
        {
            // Of equals the first leads. By the least that a float can tell.
            scores[label] = MathF.BitIncrement(scores[label]);
            if (!float.IsFinite(scores[label]))
            {
                (scores[top], scores[label]) = (MathF.BitDecrement(clean[top]), clean[top]);
            }
        }

        return scores;
    }

    private static ReadOnlySpan<float> Permute(MarkPlan marks, MarkKeying keying, ReadOnlySpan<float> clean, in RowBasis basis, ref MarkedRow marked)
    {
        Span<int> ranked = stackalloc int[5];
        ranked = ranked[..PermutationMark.Rank(clean, ranked)];
        ReadOnlySpan<float> scores = clean;
        for (int pair = 0; pair < PermutationMark.Pairs; pair++)
        {
            if (!PermutationMark.TryGetPair(ranked, pair, out int ahead, out int behind))
            {
                break;
            }

            marked.Kinds |= MarkKinds.Permutation;
            if (keying == MarkKeying.Cell
                ? PermutationMark.Swaps(marks.Key.Permutations, pair, ahead, behind)
                : PermutationMark.Swaps(marks.Key.Permutations, pair, ahead, behind, basis.Mark.Exact))
            {
                Span<float> copy = HardeningScratch.ForThisThread.Marked(clean.Length);
                if (scores == clean)
                {
                    clean.CopyTo(copy);
                }

                (copy[ahead], copy[behind]) = (copy[behind], copy[ahead]);
                scores = copy;
            }
        }

        return scores;
    }
}
