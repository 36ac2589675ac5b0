using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>Hardens one row of a distribution and marks it.</summary>
/// <remarks>
/// <para>A mark in the label, or in the order of low ranks, makes the clean scores of classes change places, and what is released is that
/// row, hardened. So the answer is, bit for bit, that of a model which has them so: nothing in it, whatever the release, says that there
/// is a mark or which label was the model's own.</para>
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
        // Of most rows the leading class has so much that no other comes within the margin.
        MarkPlan marks = plan.Marks!;
        if (marks.HasNearTiesOnly && clean.Length > 1 && DistributionHardening.TryHardenSure(plan, clean, released, marks.SureConfidence, out top, out confidence))
        {
            fault = default;
            marked = default;
            marked.Clean = top;
            marked.Released = top;
            marked.Other = -1;
            return true;
        }

        return TryHardenUnsure(plan, noiseKey, clean, released, out top, out confidence, out fault, in basis, out marked);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryHardenUnsure(
        OutputPlan plan, NoiseKey noiseKey, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, out OutputFault fault,
        in RowBasis basis, out MarkedRow marked)
    {
        MarkPlan marks = plan.Marks!;
        marked = default;
        marked.Other = -1;
        CosineStep cosine = default;
        if (marks.Cosine is not null && basis.HasMark && !basis.IsUnmarked)
        {
            cosine = new CosineStep(marks.Cosine, basis.Mark.Projection, basis.Mark.PayloadProjection, basis.PayloadPhase);
            marked.Kinds = MarkKinds.Cosine;
        }

        bool mayMove = marks.MovesClasses && !basis.IsUnmarked && clean.Length > 1
            && (!marks.HasNearTiesOnly || NearTieMark.MayBe(plan.Kind, clean, marks.Margin));
        if (mayMove && TryHardenMoved(plan, noiseKey, clean, released, out top, out confidence, in basis, in cosine, ref marked))
        {
            fault = default;
            return true;
        }

        bool isHardened = DistributionHardening.TryHarden(plan, noiseKey, clean, released, out top, out confidence, out fault, in basis.Input, in cosine);
        marked.Clean = top;
        marked.Released = top;
        if (!isHardened)
        {
            marked = default;
        }

        return isHardened;
    }

    /// <summary>Hardens a row with classes that have changed places, if a mark has them so.</summary>
    /// <returns>False if no mark has, or if the row is at fault, which is told of the clean one: nothing is written and nothing marked.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryHardenMoved(
        OutputPlan plan, NoiseKey noiseKey, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence,
        in RowBasis basis, in CosineStep cosine, ref MarkedRow marked)
    {
        confidence = 0;
        top = LeadingClass.FindFirst(clean);
        if (top < 0)
        {
            return false;
        }

        MarkedRow moved = marked with { Clean = top, Released = top };
        Span<int> places = stackalloc int[2 * PermutationMark.Pairs];
        int count = TryMarkLabel(plan, clean, in basis, ref moved)
            ? Exchange(places, moved.Clean, moved.Released)
            : Order(plan.Marks!, clean, in basis, places, ref moved);
        if (count == 0)
        {
            return false;
        }

        Span<float> scores = HardeningScratch.ForThisThread.Marked(clean.Length);
        clean.CopyTo(scores);
        for (int i = 0; i < count; i += 2)
        {
            Swap(scores, places[i], places[i + 1]);
        }

        if (!DistributionHardening.TryHarden(plan, noiseKey, scores, released, out _, out confidence, out _, in basis.Input, in cosine))
        {
            return false;
        }

        marked = moved;
        return true;
    }

    private static bool TryMarkLabel(OutputPlan plan, ReadOnlySpan<float> clean, in RowBasis basis, ref MarkedRow marked)
    {
        MarkPlan marks = plan.Marks!;
        int top = marked.Clean;
        if (marks.HasTraps && basis.HasMark && basis.Mark.Trap > 0
            && TrapMark.Label(marks.Key.Traps, basis.Mark.Trap - 1, clean.Length, marks.TrapExempt) is >= 0 and int trapped)
        {
            marked.Kinds |= MarkKinds.Trap;
            marked.Other = basis.Mark.Trap - 1;
            marked.Released = trapped;
            return true;
        }

        if (marks.TriggerRate > 0 && basis.HasMark
            && LabelTrigger.TryFind(marks.Key.Triggers, basis.Mark.Quantised, marks.TriggerRate, clean.Length, top, marks.TriggerExempt, out int triggered))
        {
            marked.Kinds |= MarkKinds.Trigger;
            marked.Released = triggered;
            return true;
        }

        if (marks.Margin > 0 && (marks.HasNearTiesOnly || NearTieMark.MayBe(plan.Kind, clean, marks.Margin))
            && NearTieMark.TryFindNear(plan.Kind, clean, marks.Margin, out NearTie tie)
            && !marks.NearTieExempt.Contains(tie.Lower) && !marks.NearTieExempt.Contains(tie.Higher))
        {
            marked.Kinds |= MarkKinds.NearTie;
            marked.Other = tie.Lower == top ? tie.Higher : tie.Lower;
            marked.Released = marks.Keying == MarkKeying.Cell ? NearTieMark.Pick(marks.Key.NearTies, tie) : NearTieMark.Pick(marks.Key.NearTies, tie, basis.Mark.Exact);
            return true;
        }

        return false;
    }

    /// <summary>A label that stays changes places with itself: the work is the same whatever the key picks, or its time would tell.</summary>
    private static int Exchange(Span<int> places, int top, int label)
    {
        (places[0], places[1]) = (top, label);
        return 2;
    }

    /// <summary>Which classes of low ranks change places: pairs, one after another.</summary>
    private static int Order(MarkPlan marks, ReadOnlySpan<float> clean, in RowBasis basis, Span<int> places, ref MarkedRow marked)
    {
        if (marks.Permutation is not { } keying)
        {
            return 0;
        }

        int count = 0;
        Span<int> ranked = stackalloc int[PermutationMark.Ranks];
        ranked = ranked[..PermutationMark.Rank(clean, ranked)];
        for (int pair = 0; pair < PermutationMark.Pairs && PermutationMark.TryGetPair(ranked, pair, out int ahead, out int behind); pair++)
        {
            marked.Kinds |= MarkKinds.Permutation;
            bool swaps = keying == MarkKeying.Cell
                ? PermutationMark.Swaps(marks.Key.Permutations, pair, ahead, behind)
                : PermutationMark.Swaps(marks.Key.Permutations, pair, ahead, behind, basis.Mark.Exact);
            (places[count], places[count + 1]) = (ahead, swaps ? behind : ahead); // with itself, as a label that stays
            count += 2;
        }

        return count;
    }

    /// <summary>Makes two classes change places, the first of which was ahead of the other; of equals that is by the least that a float can tell.</summary>
    private static void Swap(Span<float> scores, int ahead, int behind)
    {
        float score = scores[ahead];
        (scores[ahead], scores[behind]) = (scores[behind], score);
        if (scores[ahead] == score && ahead < behind)
        {
            (scores[ahead], scores[behind]) = score < float.MaxValue ? (score, MathF.BitIncrement(score)) : (MathF.BitDecrement(score), score);
        }
    }
}
