namespace InferenceShield.Lab;

/// <summary>Equation solving: the weights of a linear model from the logarithms of its probabilities.</summary>
/// <remarks>
/// <para>Each answer of a softmax regression gives one linear equation a class: <c>log p_k - mean log p = w_k x + b_k</c>, up to a vector that
/// all classes share. d + 1 answers at full precision determine it (Tramèr, Zhang, Juels, Reiter and Ristenpart, "Stealing Machine
/// Learning Models via Prediction APIs", USENIX Security 2016, section 4.1). A binary logistic regression is the case of two classes.</para>
/// <para>Asks 2 (d + 1) queries; where they contradict each other, it spends the budget on more equations, which average rounding out as far
/// as they can (of rounded answers training makes more). A zero is taken for half the smallest probability seen, and rows that hold one
/// are left out if enough others remain. The residual is the root mean square misfit of the log-ratios, in nats, corrected for the
/// d + 1 unknowns.</para>
/// <para>On letters with 34 queries, as the tests hold it: of 26 classes, the copy agrees on every label without a shield, and on less than
/// .65 under 2 decimals, .45 under bands and .40 under labels. Of two classes 2 decimals leave it more than .98: so few weights need no digits.</para>
/// </remarks>
public sealed class EquationAttack : IExactAttack
{
    // Single precision leaves 1e-6 to 1e-5 on logits of some tens; rounding to 5 decimals more than .01.
    private const double LargestResidual = 1e-3;

    /// <inheritdoc/>
    public string Name => "equation";

    /// <inheritdoc/>
    /// <remarks>Needs a budget of d + 1; one of exactly that leaves nothing to check the copy with.</remarks>
    public async Task<ExactResult> StealAsync(DoubleOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        int unknowns = oracle.InputLength + 1;
        InputBox box = new(context, oracle.InputLength);
        if (context.Budget < unknowns)
        {
            return new ExactResult(
                Name, false, null, double.NaN, 0,
                $"Not recovered: {unknowns} unknowns a class need as many queries; the budget is {context.Budget}.");
        }

        SeededRandom random = new(context.Seed, stream: 40);
        ExactQueries meter = new(oracle, context.Budget);
        double[] rows = box.Draw(Math.Min(context.Budget, 2 * unknowns), ref random);
        if (await meter.AskAsync(rows, cancellationToken).ConfigureAwait(false) is not { } answers)
        {
            return meter.Stopped(Name);
        }

        (LinearCopy copy, double residual) = Solve(rows, answers, oracle.InputLength, oracle.AnswerLength);
        if (residual > LargestResidual && meter.Left > 0)
        {
            double[] more = box.Draw(meter.Left, ref random);
            if (await meter.AskAsync(more, cancellationToken).ConfigureAwait(false) is not { } moreAnswers)
            {
                return meter.Stopped(Name, copy, residual);
            }

            rows = [.. rows, .. more];
            answers = [.. answers, .. moreAnswers];
            (copy, residual) = Solve(rows, answers, oracle.InputLength, oracle.AnswerLength);
        }

        string grain = LogRatios.DescribeGrain(answers) is { } looks ? $"answers too coarse ({looks})" : "the model is not linear, or its answers are changed";
        string verdict = residual <= LargestResidual ? $"Recovered: a linear model, from {meter.Queries} queries."
            : double.IsNaN(residual) ? "Solved, but unchecked: as many queries as unknowns fit any model."
            : $"Not recoverable: the equations contradict each other by {residual:g2} nats; {grain}.";
        return new ExactResult(Name, residual <= LargestResidual, copy, residual, meter.Queries, verdict);
    }

    private static (LinearCopy Copy, double Residual) Solve(double[] rows, double[] answers, int inputLength, int classCount)
    {
        int unknowns = inputLength + 1;
        int count = answers.Length / classCount;
        int[] kept = [.. Enumerable.Range(0, count).Where(row => !answers.AsSpan(row * classCount, classCount).Contains(0))];
        kept = kept.Length > unknowns ? kept : [.. Enumerable.Range(0, count)];
        double[] left = new double[kept.Length * unknowns];
        double[] right = new double[kept.Length * classCount];
        for (int i = 0; i < kept.Length; i++)
        {
            rows.AsSpan(kept[i] * inputLength, inputLength).CopyTo(left.AsSpan(i * unknowns));
            left[(i * unknowns) + inputLength] = 1;
            answers.AsSpan(kept[i] * classCount, classCount).CopyTo(right.AsSpan(i * classCount));
        }

        LogRatios.Take(right, classCount, LogRatios.HalfLeast(answers));
        (double[] solution, double misfit) = LeastSquares.Solve(left, unknowns, right, classCount);
        double[] weights = new double[classCount * inputLength];
        for (int c = 0; c < classCount; c++)
        {
            for (int i = 0; i < inputLength; i++)
            {
                weights[(c * inputLength) + i] = solution[(i * classCount) + c];
            }
        }

        int spare = kept.Length - unknowns;
        LinearCopy copy = new(inputLength, weights, solution[(inputLength * classCount)..]);
        return (copy, spare > 0 ? misfit * Math.Sqrt((double)kept.Length / spare) : double.NaN);
    }
}
