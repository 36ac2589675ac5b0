using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>Answers that were released before and are released again, without a run of the model.</content>
public sealed partial class Shield
{
    /// <summary>The digest under which an answer is kept. Unlike <see cref="Digest(ReadOnlySpan{byte})"/> a pseudorandom function,
    /// for here a collision would give one query the answer of another.</summary>
    internal InputDigest DigestAnswer(ReadOnlySpan<byte> row)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Hash128 hash = SipHash.Hash(_keys.Answers, row);
        return new InputDigest(hash.Low, hash.High);
    }

    /// <summary>Counts answers that are released again as if they had been hardened in this call.</summary>
    /// <param name="admission">The admission of the query that gets them; not one in observe-only mode.</param>
    /// <param name="released">Row after row, as released before; <paramref name="classes"/> numbers each.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index.</param>
    internal void CountReleased(in Admission admission, ReadOnlySpan<float> released, int classes, int output)
    {
        ShieldPlan plan = CheckAdmission(in admission);
        OutputPlan outputPlan = OutputOf(plan, output);
        int rows = CheckShape(released, released, classes, admission.Rows);
        Interlocked.Add(ref _counters.Cell.ReleasedAgain, rows);
        for (int row = 0; output == plan.CountedOutput && row < rows; row++)
        {
            // The clean score is gone; the released one is what is left of it.
            ReadOnlySpan<float> answer = released.Slice(row * classes, classes);
            int label = outputPlan.HasLabel ? TensorPrimitives.IndexOfMax(answer) : AnswerHistory.NoLabel;
            CountAnswer(in admission, label, label >= 0 ? answer[label] : TensorPrimitives.Sum(answer) / classes);
        }
    }
}
