using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <content>What may be released.</content>
public sealed partial class Shield
{
    private const int LeastVectorLength = 64;

    /// <summary>Turns clean scores into the released answer, in place.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="scores">Row after row; <paramref name="classes"/> numbers each. The rows are a multiple of the admitted
    /// ones (time steps).</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="scores"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield.</exception>
    public void Harden(in Admission admission, Span<float> scores, int classes, int output = 0) =>
        Harden(in admission, default(RowInputs), scores, scores, classes, output);

    /// <summary>Turns clean scores into the released answer, elsewhere.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="clean">The model's scores: row after row, <paramref name="classes"/> numbers each.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="released"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output's options need a tenant or
    /// inputs that were not given.</exception>
    public void Harden(in Admission admission, ReadOnlySpan<float> clean, Span<float> released, int classes, int output = 0) =>
        Harden(in admission, default(RowInputs), clean, released, classes, output);

    /// <summary>All forms of Harden.</summary>
    internal void Harden(in Admission admission, in RowInputs inputs, ReadOnlySpan<float> clean, Span<float> released, int classes, int output)
    {
        ShieldPlan plan = CheckAdmission(in admission);
        OutputPlan outputPlan = inputs.IsEmpty && IsOneRow(plan, in admission, clean, released, classes, output)
            ? plan.OutputFor(output, admission.Posture, admission.InTrial)
            : CheckCall(plan, in admission, in inputs, clean, released, classes, output);
        if (outputPlan.Kind == OutputKind.State)
        {
            clean.CopyTo(released);
            return;
        }

        int rows = clean.Length == classes ? 1 : clean.Length / classes;
        RowBasis basis = outputPlan.NeedsMore ? BasisOf(outputPlan, in admission, classes) : new RowBasis { IsUnmarked = admission.IsUnmarked };
        basis.Context = inputs.Context;
        if (outputPlan.Kind == OutputKind.SigmoidLogits && _logitRanges[output].Note(clean, rows))
        {
            ShieldLog.LogitsLookLikeProbabilities(_logger, Name, outputPlan.Name, LogitRangeWatch.Answers);
        }

        UtilityLedger utility = UtilityOf(output, admission.InTrial);
        bool equally = plan.EqualWork && classes <= MostEqualWork;
        ref UtilityCell cell = ref utility.CellOf(admission.Posture);
        Interlocked.Add(ref plan.Enforces ? ref cell.Rows : ref cell.ObservedRows, rows);

        // Offered when all rows have been hardened: after a fault nothing of the call is released.
        MarkedRow only = default;
        Span<MarkedRow> kept = _evidence is null || !plan.Enforces ? default
            : !inputs.Marked.IsEmpty ? inputs.Marked
            : rows == 1 ? new Span<MarkedRow>(ref only)
            : HardeningScratch.ForThisThread.MarkedRows(rows);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> cleanRow = clean.Slice(row * classes, classes);
            Span<float> releasedRow = plan.Enforces
                ? released.Slice(row * classes, classes)
                : HardeningScratch.ForThisThread.Released(classes);
            if (!inputs.IsEmpty)
            {
                Read(in inputs, outputPlan.InputCell, row, rows, ref basis);
            }

            if (!(equally
                ? TryHardenEqually(plan, in admission, output, in basis, utility, ref cell, cleanRow, releasedRow, out int label, out float value, out OutputFault fault, out MarkedRow marked)
                : TryHardenRow(outputPlan, in basis, utility, ref cell, cleanRow, releasedRow, out label, out value, out fault, out marked)))
            {
                Interlocked.Add(ref plan.Enforces ? ref cell.Rows : ref cell.ObservedRows, -rows); // nothing is released
                released.Clear();
                throw new InvalidModelOutputException(fault.Describe(outputPlan.Name, row), outputPlan.Name, row, fault.Index);
            }

            if (output == plan.CountedOutput)
            {
                CountAnswer(in admission, label, value);
            }

            if (!kept.IsEmpty)
            {
                kept[row] = marked;
            }
        }

        if (!kept.IsEmpty && inputs.Marked.IsEmpty)
        {
            OfferEvidence(in admission, output, kept, in inputs);
        }

        if (!plan.Enforces)
        {
            clean.CopyTo(released);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Read(in RowInputs inputs, NoiseCell kind, int row, int rows, ref RowBasis basis)
    {
        basis.Input = inputs.Find(kind, row, rows);
        basis.HasMark = inputs.HasMarks;
        basis.Mark = inputs.HasMarks ? inputs.FindMark(row, rows) : default;
    }

    private static bool IsAbove(float leader, ReadOnlySpan<float> others) => others.IsEmpty || TensorPrimitives.Max(others) < leader;

    /// <summary>Whether it is the commonest call, one row of fitting spans. Without a division.</summary>
    private static bool IsOneRow(ShieldPlan plan, in Admission admission, ReadOnlySpan<float> clean, ReadOnlySpan<float> released, int classes, int output) =>
        (uint)output < (uint)plan.Outputs.Length && admission.Rows == 1 && classes > 0 && clean.Length == classes && released.Length == classes
        && (plan.Outputs[output].Classes == 0 || plan.Outputs[output].Classes == classes) && !plan.Outputs[output].NeedsMore && (clean == released || !clean.Overlaps(released));

    /// <summary>All that can be wrong with a call, named.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static OutputPlan CheckCall(ShieldPlan plan, in Admission admission, in RowInputs inputs, ReadOnlySpan<float> clean, Span<float> released, int classes, int output)
    {
        try
        {
            OutputPlan outputPlan = OutputOf(plan, output, admission.Posture, admission.InTrial);
            CheckShape(clean, released, classes, admission.Rows);
            CheckClasses(plan.Outputs[output], classes);
            CheckBasis(plan.Outputs[output], in admission, in inputs, classes);
            return outputPlan;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            if (clean == released)
            {
                released.Clear(); // in place, these are the clean scores
            }

            throw;
        }
    }

    private static OutputPlan OutputOf(ShieldPlan plan, int output, Posture posture = Posture.Normal, bool inTrial = false) => (uint)output < (uint)plan.Outputs.Length
        ? plan.OutputFor(output, posture, inTrial)
        : throw new ArgumentOutOfRangeException(nameof(output), output, $"Outputs are numbered 0 to {plan.Outputs.Length - 1}: {plan.DescribeOutputs()}.");

    private ShieldPlan CheckAdmission(in Admission admission)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ShieldPlan? plan = admission.Plan;
        if (plan is null || !ReferenceEquals(plan.Owner, this))
        {
            throw new InvalidOperationException($"This admission was not made by shield '{Name}'. Call its Admit first and pass on what it returned.");
        }

        return admission.IsAdmitted
            ? plan
            : throw new InvalidOperationException("The query was refused; there is nothing to release. Check Admission.IsAdmitted before running the model.");
    }

    private static int CheckShape(ReadOnlySpan<float> clean, ReadOnlySpan<float> released, int classes, int admittedRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        if (clean.Length != released.Length)
        {
            throw new ArgumentException($"{clean.Length} scores do not fit into {released.Length}.", nameof(released));
        }

        if (clean != released && clean.Overlaps(released))
        {
            throw new ArgumentException("The spans overlap but are not the same span.", nameof(released));
        }

        int rows = clean.Length / classes;
        if (rows == 0 || rows * classes != clean.Length || rows % admittedRows != 0)
        {
            throw new ArgumentException(
                $"{clean.Length} scores are not {admittedRows} admitted rows (or time steps of them) of {classes} classes.", nameof(clean));
        }

        return rows;
    }

    private static void CheckClasses(OutputPlan plan, int classes)
    {
        if (plan.Classes != 0 && plan.Classes != classes)
        {
            throw new ArgumentException($"Output '{plan.Name}' is declared with {plan.Classes} classes; these rows have {classes}. Correct Outputs:{plan.Name}:Classes, or what is passed.", nameof(classes));
        }

        // By a normal caller's plan, which releases the most: the same in every posture.
        if (plan.Tokens is { } tokens && (classes < tokens.Tokens || classes > TokenLogitsHardening.MostVocabulary))
        {
            throw new ArgumentException($"Output '{plan.Name}' releases {tokens.Tokens} tokens; a vocabulary has at least as many, and at most {TokenLogitsHardening.MostVocabulary}, not {classes}. Set TopK, or correct what is passed.", nameof(classes));
        }
    }

    private bool TryHardenRow(
        OutputPlan plan, in RowBasis basis, UtilityLedger utility, ref UtilityCell cell, ReadOnlySpan<float> clean, Span<float> released, out int label, out float value, out OutputFault fault, out MarkedRow marked)
    {
        marked = default;
        if (!plan.IsDistribution)
        {
            if (!TryHardenValues(plan, in basis, clean, released, out label, out value, out fault, out marked))
            {
                return false;
            }

            if (marked.Kinds != MarkKinds.None)
            {
                UtilityLedger.CountMarks(ref cell, in marked);
            }

            return true;
        }

        // Before the row is hardened, which may be in place.
        Span<double> distribution = default;
        if (utility.IsNextSampled(ref cell))
        {
            distribution = HardeningScratch.ForThisThread.Clean(clean.Length);
            CleanAnswers.TryNormalize(plan.Kind, clean, distribution);
        }

        int top;
        if (!(plan.Marks is null
            ? DistributionHardening.TryHarden(plan, _keys.Noise, clean, released, out top, out value, out fault, in basis.Input)
            : MarkedHardening.TryHarden(plan, _keys.Noise, clean, released, out top, out value, out fault, in basis, out marked)))
        {
            label = AnswerHistory.NoLabel;
            return false;
        }

        label = top;
        if (float.IsNaN(value) && !distribution.IsEmpty)
        {
            value = (float)distribution[top];
        }

        // A label alone has nobody beside it.
        bool leads = (plan.Release == Release.LabelOnly && !marked.IsMoved) || Leads(released, top);
        if (!leads)
        {
            Interlocked.Increment(ref _counters.Cell.TopChanged);
        }

        utility.CountLeader(ref cell, value, released[top], leads);
        if (marked.Kinds != MarkKinds.None)
        {
            UtilityLedger.CountMarks(ref cell, in marked);
        }

        if (!distribution.IsEmpty)
        {
            UtilityLedger.Measure(ref cell, distribution, released, top);
        }

        return true;
    }

    private bool TryHardenValues(
        OutputPlan plan, in RowBasis basis, ReadOnlySpan<float> clean, Span<float> released, out int label, out float value, out OutputFault fault, out MarkedRow marked)
    {
        marked = default;
        if (plan.Kind == OutputKind.TokenLogits)
        {
            if (basis.IsUnmarked || plan.Marks?.Tokens is not { } mark)
            {
                return TokenLogitsHardening.TryHarden(plan.Tokens!, clean, released, out label, out value, out fault);
            }

            marked = basis.Context.Length < mark.ContextLength ? default : MarkedRow.WithoutClasses(mark.Kind);
            return TokenLogitsHardening.TryHarden(plan.Tokens!, mark, basis.Context, clean, released, out label, out value, out fault);
        }

        label = AnswerHistory.NoLabel;
        value = TensorPrimitives.Sum(clean) / clean.Length;
        if (plan.Kind == OutputKind.Embedding)
        {
            bool isReleased = EmbeddingHardening.TryHarden(
                plan.Embedding!, _keys.Embeddings, plan.NoiseCell == NoiseCell.Output ? null : basis.Input.Low, basis.Transform, basis.IsUnmarked ? null : plan.Marks?.Direction, clean, released,
                out fault, out bool isMarked);
            marked = isMarked ? MarkedRow.WithoutClasses(MarkKinds.Direction) : default;
            return isReleased;
        }

        return plan.Kind switch
        {
            OutputKind.SigmoidLogits or OutputKind.SigmoidProbabilities => ScoreHardening.TryHarden(plan.Scores!, clean, released, out fault),
            _ when plan.QuantisationStep > 0 && plan.NoiseCell != NoiseCell.Output =>
                RegressionHardening.TryHarden(plan.QuantisationStep, _keys.Dither, basis.Input.Low, clean, released, out fault),
            _ when plan.QuantisationStep > 0 => RegressionHardening.TryHarden(plan.QuantisationStep, _keys.Dither, clean, released, out fault),
            _ => ValueHardening.TryHarden(plan.SignificantDigits, clean, released, out fault),
        };
    }

    /// <summary>A short row one by one: a wide read would wait for the narrow writes that have just been made.</summary>
    private static bool Leads(ReadOnlySpan<float> released, int top)
    {
        float leader = released[top];
        if (released.Length >= LeastVectorLength)
        {
            return IsAbove(leader, released[..top]) && IsAbove(leader, released[(top + 1)..]);
        }

        for (int i = 0; i < released.Length; i++)
        {
            if (released[i] >= leader && i != top)
            {
                return false;
            }
        }

        return true;
    }
}
