namespace InferenceShield;

/// <content>Marks of tokens.</content>
public sealed partial class Shield
{
    /// <summary>Turns one row of clean token logits into the released answer, in place, marked where the caller's posture says so.</summary>
    /// <param name="admission">The admission of this query, by this shield; of one row.</param>
    /// <param name="context">The tokens before the one that the row is of; the last few count.</param>
    /// <param name="logits">The clean row over the vocabulary.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A logit is not finite. All of <paramref name="logits"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output is not of token logits.</exception>
    public void Harden(in Admission admission, ReadOnlySpan<int> context, Span<float> logits, int output = 0) =>
        Harden(in admission, context, logits, logits, output);

    /// <summary>Turns one row of clean token logits into the released answer, elsewhere, marked where the caller's posture says so.</summary>
    /// <param name="admission">The admission of this query, by this shield; of one row.</param>
    /// <param name="context">The tokens before the one that the row is of; the last few count.</param>
    /// <param name="clean">The clean row over the vocabulary.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <remarks>The mark comes before the leading tokens are chosen and their log-probabilities rounded. What is released then shows marked
    /// log-probabilities, and who collects enough of them in one context can tell raised tokens from others: release few tokens and
    /// decimals. No allocation after a thread's first call.</remarks>
    /// <exception cref="InvalidModelOutputException">A logit is not finite. All of <paramref name="released"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output is not of token logits.</exception>
    public void Harden(in Admission admission, ReadOnlySpan<int> context, ReadOnlySpan<float> clean, Span<float> released, int output = 0)
    {
        try
        {
            CheckTokens(OutputOf(CheckAdmission(in admission), output));
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            if (clean == released)
            {
                released.Clear(); // in place, these are the clean scores
            }

            throw;
        }

        Harden(in admission, new RowInputs(context), clean, released, clean.Length, output);
    }

    /// <summary>Marks one row of token logits for a host that samples itself. What is marked must not leave the process: it is not hardened.</summary>
    /// <param name="admission">The admission of the query that the answer is to, by this shield. The same one for all its tokens.</param>
    /// <param name="context">The tokens before the one to be sampled; the last few count.</param>
    /// <param name="logits">Over the vocabulary, after temperature. Negative infinity, for a token that must not be sampled, stays.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <param name="history">The contexts marked in this sequence, which are not marked again; null to mark all.</param>
    /// <returns>Whether the row was marked. It is left as it is where the caller's posture has no mark of tokens, at the start of a sequence, of calls
    /// and callers without marks, and in observe-only mode.</returns>
    /// <remarks>No allocation. Marked rows are counted in <see cref="UtilityStatistics.Marked"/>; the list of marked queries does not take them, since
    /// the mark is found in texts without knowing what was asked. See <see cref="TokenWatermark"/>.</remarks>
    /// <exception cref="InvalidModelOutputException">A logit is NaN or positive infinity. All of <paramref name="logits"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output is not of token logits.</exception>
    public bool MarkTokens(in Admission admission, ReadOnlySpan<int> context, Span<float> logits, int output = 0, TokenHistory? history = null)
    {
        ShieldPlan plan = CheckAdmission(in admission);
        OutputPlan outputPlan = OutputOf(plan, output, admission.Posture, admission.InTrial);
        CheckTokens(outputPlan);
        CheckClasses(plan.Outputs[output], logits.Length);
        if (!plan.Enforces || admission.IsUnmarked || outputPlan.Marks?.Tokens is not { } mark)
        {
            return false;
        }

        if (history is not null && !mark.TryNote(context, history))
        {
            return false;
        }

        if (mark.TryMark(logits, context))
        {
            UtilityLedger.CountMarks(ref UtilityOf(output, admission.InTrial).CellOf(admission.Posture), MarkedRow.WithoutClasses(mark.Kind));
            return true;
        }

        if (TokenWatermark.FindFault(logits) is >= 0 and int index)
        {
            OutputFault fault = OutputFault.NotFinite(index, logits[index]);
            logits.Clear();
            throw new InvalidModelOutputException(fault.Describe(outputPlan.Name, row: 0), outputPlan.Name, row: 0, index);
        }

        return false;
    }

    /// <summary>The output whose mark needs the tokens before; null if none does.</summary>
    internal string? FindOutputByContext() => _plan is { NeedsContext: true } plan ? Array.Find(plan.Outputs, output => output.NeedsContext)!.Name : null;

    private static void CheckTokens(OutputPlan plan)
    {
        if (plan.Kind != OutputKind.TokenLogits)
        {
            throw new InvalidOperationException($"Output '{plan.Name}' is declared as {plan.Kind}; tokens before belong to TokenLogits only. Call Harden without them.");
        }
    }
}
