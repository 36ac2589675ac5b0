using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Lowd and Meek's line search: the hyperplane of a linear model of two classes, up to scale, from labels alone.</summary>
/// <remarks>
/// <para>Two inputs of different labels are a sign witness: on the line between them, the boundary is found by halving. One value is then
/// moved at a time, and how far the boundary moved along that line is the value's weight: d log(1/precision) queries (Lowd and Meek,
/// "Adversarial Learning", KDD 2005). They move along one feature; here it is the line between the witnesses, which does not
/// hang on that feature's weight.</para>
/// <para>It needs labels only, so no release that keeps the label stops it, <see cref="Release.LabelOnly"/> included: accounting has to.
/// What it cannot know is how sure the model is; probabilities of the copy mean nothing beyond their order. The residual is
/// the share of up to 256 further inputs to which the copy gives another label.</para>
/// </remarks>
public sealed class LowdMeekAttack : IExactAttack
{
    private const int CheckRows = 256;
    private const int WitnessBatch = 16;
    private const int Doublings = 12;
    private const int Halvings = 24;
    private const double LargestResidual = 0.01;

    /// <inheritdoc/>
    public string Name => "lowd-meek";

    /// <inheritdoc/>
    /// <remarks>Two classes only.</remarks>
    public async Task<ExactResult> StealAsync(DoubleOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        if (oracle.AnswerLength != 2)
        {
            throw new ArgumentException($"'{Name}' finds the boundary of two classes; the model has {oracle.AnswerLength}.", nameof(oracle));
        }

        InputBox box = new(context, oracle.InputLength);
        ExactQueries meter = new(oracle, context.Budget);
        SeededRandom random = new(context.Seed, stream: 41);
        double[][] witnesses = [[], []];
        while (witnesses[0].Length == 0 || witnesses[1].Length == 0)
        {
            double[] rows = box.Draw(Math.Clamp(meter.Left, 1, WitnessBatch), ref random);
            if (await AskLabelsAsync(meter, rows, cancellationToken).ConfigureAwait(false) is not { } labels)
            {
                return meter.Stopped(Name) with { Verdict = $"Not recovered: {meter.Stop}, and inputs of one label only were found." };
            }

            for (int row = 0; row < labels.Length; row++)
            {
                witnesses[labels[row] ? 1 : 0] = rows[(row * oracle.InputLength)..((row + 1) * oracle.InputLength)];
            }
        }

        return await SearchAsync(witnesses[0], witnesses[1], box, meter, random, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ExactResult> SearchAsync(
        double[] first, double[] second, InputBox box, ExactQueries meter, SeededRandom random, CancellationToken cancellationToken)
    {
        int length = first.Length;
        double[] line = new double[length];
        TensorPrimitives.Subtract(second, first, line);
        if (await FindBoundariesAsync(meter, first, line, [0], [1], cancellationToken).ConfigureAwait(false) is not { } start)
        {
            return meter.Stopped(Name);
        }

        // The boundary, and the same point once for each value, with that value moved by half its range.
        double[] boundary = new double[length];
        TensorPrimitives.MultiplyAdd(line, start[0], first, boundary);
        double[] moved = new double[length * length];
        double[] low = new double[length];
        double[] high = new double[length];
        for (int i = 0; i < length; i++)
        {
            boundary.CopyTo(moved.AsSpan(i * length));
            moved[(i * length) + i] += box.GetWidth(i) / 2;
            (low[i], high[i]) = (-1, 1);
        }

        if (!await BracketAsync(meter, moved, line, low, high, cancellationToken).ConfigureAwait(false)
            || await FindBoundariesAsync(meter, moved, line, low, high, cancellationToken).ConfigureAwait(false) is not { } shifts)
        {
            return meter.Stopped(Name);
        }

        double[] weights = new double[2 * length];
        for (int i = 0; i < length; i++)
        {
            weights[length + i] = -shifts[i] / (box.GetWidth(i) / 2);
        }

        LinearCopy copy = new(length, weights, [0, -TensorPrimitives.Dot<double>(weights.AsSpan(length), boundary)]);
        int count = Math.Min(CheckRows, meter.Left);
        double[] check = box.Draw(count, ref random);
        if (count == 0 || await AskLabelsAsync(meter, check, cancellationToken).ConfigureAwait(false) is not { } labels)
        {
            return new ExactResult(Name, false, copy, double.NaN, meter.Queries, "A hyperplane was found, but unchecked: no query was left.");
        }

        float[] rows = new float[check.Length];
        float[] copied = new float[2 * count];
        TensorPrimitives.ConvertTruncating<double, float>(check, rows);
        copy.Classify(rows, copied);
        double residual = (double)labels.Where((label, row) => label != copied[(2 * row) + 1] > copied[2 * row]).Count() / count;
        return new ExactResult(Name, residual <= LargestResidual, copy, residual, meter.Queries, residual <= LargestResidual
            ? $"Recovered: the hyperplane up to scale, from labels alone, with {meter.Queries} queries."
            : $"Not recovered: the copy gives {residual:p1} of {count} further inputs another label; the boundary is not a hyperplane.");
    }

    // Widens each interval until the label is the first's at its lower end and the second's at its upper end.
    // What never gets there is parallel to the boundary; its end says so well enough, and the check whether it matters.
    private static async Task<bool> BracketAsync(
        ExactQueries meter, double[] origins, double[] line, double[] low, double[] high, CancellationToken cancellationToken)
    {
        for (int round = 0; round < Doublings; round++)
        {
            if (await AskLabelsAsync(meter, At(origins, line, low), cancellationToken).ConfigureAwait(false) is not { } lower
                || await AskLabelsAsync(meter, At(origins, line, high), cancellationToken).ConfigureAwait(false) is not { } upper)
            {
                return false;
            }

            if (!lower.Contains(true) && !upper.Contains(false))
            {
                break;
            }

            for (int i = 0; i < low.Length; i++)
            {
                low[i] *= lower[i] ? 2 : 1;
                high[i] *= upper[i] ? 1 : 2;
            }
        }

        return true;
    }

    // The place on the line through each origin where the label changes, to 2^-24 of the interval.
    private static async Task<double[]?> FindBoundariesAsync(
        ExactQueries meter, double[] origins, double[] line, double[] low, double[] high, CancellationToken cancellationToken)
    {
        double[] middle = new double[low.Length];
        for (int step = 0; step <= Halvings; step++)
        {
            for (int i = 0; i < middle.Length; i++)
            {
                middle[i] = (low[i] + high[i]) / 2;
            }

            if (step == Halvings)
            {
                break;
            }

            if (await AskLabelsAsync(meter, At(origins, line, middle), cancellationToken).ConfigureAwait(false) is not { } labels)
            {
                return null;
            }

            for (int i = 0; i < middle.Length; i++)
            {
                (low[i], high[i]) = labels[i] ? (low[i], middle[i]) : (middle[i], high[i]);
            }
        }

        return middle;
    }

    private static double[] At(double[] origins, double[] line, double[] places)
    {
        double[] rows = new double[origins.Length];
        for (int i = 0; i < places.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(line, places[i], origins.AsSpan(i * line.Length, line.Length), rows.AsSpan(i * line.Length));
        }

        return rows;
    }

    // Whether each row is of the second class.
    private static async ValueTask<bool[]?> AskLabelsAsync(ExactQueries meter, double[] rows, CancellationToken cancellationToken)
    {
        double[]? answers = await meter.AskAsync(rows, cancellationToken).ConfigureAwait(false);
        if (answers is null)
        {
            return null;
        }

        bool[] labels = new bool[answers.Length / 2];
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = answers[(2 * row) + 1] > answers[2 * row];
        }

        return labels;
    }
}
