using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>The same work in every posture.</content>
public sealed partial class Shield
{
    /// <summary>Numbers in a row from which on it is hardened once: three times a wide row costs more than its time tells.</summary>
    internal const int MostEqualWork = 4096;

    /// <summary>Treats a caller so from its next query on, unless an operator says otherwise.</summary>
    internal bool SetPosture(CallerKey caller, Posture posture) => _admission.SetPosture(caller, posture);

    /// <summary>Hardens a row as in every posture, in their order, and releases the caller's. Counts that one only.</summary>
    /// <remarks>What is branched on is the row alone, not the posture: faults are those of a normal caller's plan, which comes first, and
    /// the histories get its label and clean confidence, which are the same in every posture but where a coarse answer is made without them.
    /// What remains: which counters are counted in, and the ledger's measuring of one row in so many, which looks at the answer.</remarks>
    private bool TryHardenEqually(
        ShieldPlan plan, in Admission admission, int output, in RowBasis basis, UtilityLedger utility, ref UtilityCell cell, ReadOnlySpan<float> clean, Span<float> released,
        out int label, out float value, out OutputFault fault, out MarkedRow marked)
    {
        marked = default;
        int classes = clean.Length;
        HardeningScratch scratch = HardeningScratch.ForThisThread;
        Span<double> distribution = default;
        bool isDistribution = plan.Outputs[output].IsDistribution;
        if (isDistribution && utility.IsNextSampled(ref cell))
        {
            distribution = scratch.Clean(classes);
            CleanAnswers.TryNormalize(plan.Outputs[output].Kind, clean, distribution);
        }

        Span<MarkedRow> all = stackalloc MarkedRow[PostureHardening.Count];
        Span<float> answers = scratch.Answers(PostureHardening.Count * classes);
        if (!TryRelease(plan.OutputFor(output, Posture.Normal, admission.InTrial), in basis, clean, answers[..classes], out label, out value, out fault, out all[0])
            || !TryRelease(plan.OutputFor(output, Posture.Guarded, admission.InTrial), in basis, clean, answers.Slice(classes, classes), out _, out _, out fault, out all[1])
            || !TryRelease(plan.OutputFor(output, Posture.Restricted, admission.InTrial), in basis, clean, answers[(2 * classes)..], out _, out _, out fault, out all[2]))
        {
            return false;
        }

        int chosen = Math.Min((int)admission.Posture, PostureHardening.Count - 1);
        RowSelection.Copy(answers, chosen, released);
        marked = all[chosen]; // all three lie in one or two lines of the cache
        if (isDistribution)
        {
            CountEvenly(utility, ref cell, distribution, released, label, ref value);
        }

        UtilityLedger.CountMarks(ref cell, in marked);

        return true;
    }

    private bool TryRelease(OutputPlan plan, in RowBasis basis, ReadOnlySpan<float> clean, Span<float> released, out int label, out float value, out OutputFault fault, out MarkedRow marked)
    {
        if (plan is { IsDistribution: true, Marks: not null })
        {
            return MarkedHardening.TryHarden(plan, _keys.Noise, clean, released, out label, out value, out fault, in basis, out marked);
        }

        marked = default;
        return plan.IsDistribution
            ? DistributionHardening.TryHarden(plan, _keys.Noise, clean, released, out label, out value, out fault, in basis.Input)
            : TryHardenValues(plan, in basis, clean, released, out label, out value, out fault, out marked);
    }

    private void CountEvenly(UtilityLedger utility, ref UtilityCell cell, ReadOnlySpan<double> distribution, ReadOnlySpan<float> released, int top, ref float value)
    {
        if (float.IsNaN(value) && !distribution.IsEmpty)
        {
            value = (float)distribution[top];
        }

        bool leads = Leads(released, top);
        Interlocked.Add(ref _counters.Cell.TopChanged, leads ? 0 : 1);
        utility.CountLeaderEvenly(ref cell, value, released[top], leads);
        if (!distribution.IsEmpty)
        {
            UtilityLedger.Measure(ref cell, distribution, released, top);
        }
    }
}
