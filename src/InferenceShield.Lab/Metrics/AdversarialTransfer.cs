using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>How well inputs that fool the copy fool the clean target: what a stolen model is good for besides being used.</summary>
/// <remarks>Immutable.</remarks>
/// <param name="TargetFlipped">Share of rows to which the target gives another label than before.</param>
/// <param name="CopyFlipped">Share of rows to which the copy does.</param>
/// <param name="Rows">Rows that were tried.</param>
public sealed record AdversarialTransfer(double TargetFlipped, double CopyFlipped, int Rows)
{
    private const int Batch = 64;

    /// <summary>Moves inputs so that the copy errs, and asks the target.</summary>
    /// <param name="copy">The copy, whose loss is climbed. A copy that is no <see cref="Surrogate"/> is differentiated by finite differences.</param>
    /// <param name="target">The clean target.</param>
    /// <param name="rows">Inputs, at least one. Their labels are not used: a label is flipped if it is not what was answered before.</param>
    /// <param name="distance">How far each value may move (L-infinity), in its own unit, above 0.</param>
    /// <param name="steps">1 is FGSM (Goodfellow, Shlens and Szegedy, 2015); more is PGD (Madry et al., 2018) without a random start, each
    /// step 2.5 times the distance over their number. Default: 1.</param>
    /// <param name="lowest">No value falls below it.</param>
    /// <param name="highest">No value rises above it.</param>
    /// <remarks>Deterministic. Cost: a step is one pass back through a surrogate, or twice as many questions to another copy as a row has values.</remarks>
    /// <exception cref="ArgumentException">The three do not fit one another, or there are no rows.</exception>
    public static AdversarialTransfer Measure(
        IClassifier copy,
        IClassifier target,
        Dataset rows,
        float distance,
        int steps = 1,
        float lowest = float.NegativeInfinity,
        float highest = float.PositiveInfinity)
    {
        ArgumentNullException.ThrowIfNull(copy);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(distance);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (rows.Count == 0 || copy.InputLength != rows.Width || target.InputLength != rows.Width || copy.ClassCount != target.ClassCount)
        {
            throw new ArgumentException($"'{rows.Name}' has {rows.Count} rows of {rows.Width} values; the copy takes {copy.InputLength} and knows {copy.ClassCount} classes, the target {target.InputLength} and {target.ClassCount}.", nameof(rows));
        }

        int[] copied = Classify(copy, rows.Values.Span);
        float[] moved = rows.Values.ToArray();
        float[] gradient = new float[Batch * rows.Width];
        float step = steps == 1 ? distance : 2.5f * distance / steps;
        for (int start = 0; start < rows.Count; start += Batch)
        {
            int count = Math.Min(Batch, rows.Count - start);
            Span<float> inputs = moved.AsSpan(start * rows.Width, count * rows.Width);
            ReadOnlySpan<float> originals = rows.Values.Span.Slice(start * rows.Width, inputs.Length);
            for (int i = 0; i < steps; i++)
            {
                InputGradient.OfLoss(copy, inputs, copied.AsSpan(start, count), distance / 4, gradient);
                for (int j = 0; j < inputs.Length; j++)
                {
                    float next = Math.Clamp(inputs[j] + (step * Math.Sign(gradient[j])), originals[j] - distance, originals[j] + distance);
                    inputs[j] = Math.Clamp(next, lowest, highest);
                }
            }
        }

        return new AdversarialTransfer(
            CountChanges(Classify(target, rows.Values.Span), Classify(target, moved)) / (double)rows.Count,
            CountChanges(copied, Classify(copy, moved)) / (double)rows.Count,
            rows.Count);
    }

    private static int[] Classify(IClassifier classifier, ReadOnlySpan<float> inputs)
    {
        int[] labels = new int[inputs.Length / classifier.InputLength];
        float[] answers = new float[labels.Length * classifier.ClassCount];
        classifier.Classify(inputs, answers);
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = TensorPrimitives.IndexOfMax(answers.AsSpan(row * classifier.ClassCount, classifier.ClassCount));
        }

        return labels;
    }

    private static int CountChanges(int[] before, int[] after) => before.Zip(after).Count(static pair => pair.First != pair.Second);
}
