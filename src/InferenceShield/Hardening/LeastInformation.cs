using System.Diagnostics;
using System.Numerics.Tensors;

namespace InferenceShield;

/// <summary>The answer of least information within an L1 budget that keeps the leading class: ModelGuard-W (Tang et al.,
/// "ModelGuard: Information-Theoretic Defense Against Model Extraction Attacks", USENIX Security 2024), exactly and without
/// an LP solver.</summary>
/// <remarks>
/// <para>Minimises the sum of ln(y + 1e-6) a over all answers a of the same sum with 0 &lt;= a, an L1 distance to y within the
/// budget, and a leading class that is 1e-4 above every other one. A function of its input alone, whatever the vectors.</para>
/// <para>What it is worth, as measured, and why it is off by default: a thief who trains on the scores as they are loses
/// much, one who adapts (trains on labels, or inverts the map) no more than label-only answers cost. Honest users lose
/// their thresholds: at a budget of .2 most answers move across .9. All but a few classes keep their exact ratios, which
/// tells the rank of the model's last layer, so round what it gives. It destroys cosine watermarks.</para>
/// <para>One move: an answer within the budget moves at most half of it. Nothing that is moved can gain more than from the
/// costliest class, which is the leading one, to the cheapest, the least likely. Where that one move leaves the leader
/// ahead it is the optimum: of confident classifiers' rows 50 to 90 % at a budget of .2, next to none at 1.
/// <see cref="TransferSearch"/> finds the others.</para>
/// <para>Where no answer within the budget has the margin (near-ties and a small budget), the answer with the widest margin
/// there is: the leader gets half the budget, taken off the largest others, which end level. With a budget of 0 the answer
/// is the clean row, ties and all. A single class stays as it is.</para>
/// </remarks>
internal static class LeastInformation
{
    /// <summary>How far the leading class stays ahead of every other one.</summary>
    public const double Margin = 1e-4;

    /// <summary>Keeps the cost of a probability of 0 finite.</summary>
    public const double CostOffset = 1e-6;

    /// <summary>Two distributions are never further apart.</summary>
    private const double LargestBudget = 2;

    /// <summary>Shorter rows are faster in a plain loop.</summary>
    private const int LeastVectorLength = 24;

    /// <summary>Writes the answer. Cost: O(K), mostly with vectors; where one move is not enough, the search among
    /// a few classes at the row's ends, or O(K log K) where the answer changes many.</summary>
    /// <param name="probabilities">Finite, not negative, sum 1. The answer's sum is theirs.</param>
    /// <param name="top">The leading class, one of the largest.</param>
    /// <param name="budget">How far the answer may be from the probabilities in L1, from 0 to 2.</param>
    /// <param name="answer">As long; may be the same span.</param>
    /// <param name="scratch">At least as long each; not overlapping the others.</param>
    public static void Apply(
        ReadOnlySpan<double> probabilities, int top, double budget, Span<double> answer, LeastInformationScratch scratch)
    {
        Debug.Assert(budget >= 0, "A budget is not negative.");
        double half = Math.Min(budget, LargestBudget) / 2;
        if (probabilities.Length == 1 || half == 0)
        {
            probabilities.CopyTo(answer);
            return;
        }

        (int least, double largest) = FindOthers(probabilities, top);
        double fallen = probabilities[top] - half;
        double risen = probabilities[least] + half;
        if (fallen - Margin >= Math.Max(risen, largest))
        {
            probabilities.CopyTo(answer);
            answer[top] = fallen;
            answer[least] = risen;
            return;
        }

        TransferSearch.Apply(probabilities, top, half, answer, scratch);
    }

    /// <summary>The same for floats, worked out in double. Rounding to float moves no class past the leading one.</summary>
    /// <param name="probabilities">Finite, not negative, sum 1 within what floats can.</param>
    /// <param name="top">The leading class, one of the largest.</param>
    /// <param name="budget">How far the answer may be from the probabilities in L1, from 0 to 2.</param>
    /// <param name="answer">As long; may be the same span.</param>
    /// <param name="row">Scratch, as long.</param>
    /// <param name="scratch">At least as long each.</param>
    public static void Apply(
        ReadOnlySpan<float> probabilities,
        int top,
        double budget,
        Span<float> answer,
        Span<double> row,
        LeastInformationScratch scratch)
    {
        row = row[..probabilities.Length];
        TensorPrimitives.ConvertTruncating(probabilities, row);
        Apply(row, top, budget, row, scratch);
        TensorPrimitives.ConvertTruncating<double, float>(row, answer);
    }

    /// <summary>Of the classes that do not lead: the first of the least likely, and the probability of the likeliest.</summary>
    private static (int Least, double Largest) FindOthers(ReadOnlySpan<double> row, int top)
    {
        if (row.Length < LeastVectorLength)
        {
            return FindOthersPlainly(row, top);
        }

        ReadOnlySpan<double> before = row[..top];
        ReadOnlySpan<double> after = row[(top + 1)..];
        if (before.IsEmpty || after.IsEmpty)
        {
            ReadOnlySpan<double> others = before.IsEmpty ? after : before;
            return (TensorPrimitives.IndexOfMin(others) + (before.IsEmpty ? 1 : 0), TensorPrimitives.Max(others));
        }

        int left = TensorPrimitives.IndexOfMin(before);
        int right = TensorPrimitives.IndexOfMin(after) + top + 1;
        return (row[right] < row[left] ? right : left, Math.Max(TensorPrimitives.Max(before), TensorPrimitives.Max(after)));
    }

    private static (int Least, double Largest) FindOthersPlainly(ReadOnlySpan<double> row, int top)
    {
        int least = top == 0 ? 1 : 0;
        double smallest = row[least];
        double largest = smallest;
        for (int i = least + 1; i < row.Length; i++)
        {
            double value = row[i];
            if (i == top)
            {
                continue;
            }

            if (value < smallest)
            {
                smallest = value;
                least = i;
            }

            largest = Math.Max(largest, value);
        }

        return (least, largest);
    }
}
