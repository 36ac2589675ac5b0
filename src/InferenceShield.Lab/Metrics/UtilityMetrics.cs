using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>What a release costs honest users, who read labels and confidences.</summary>
/// <remarks>Immutable.</remarks>
/// <param name="TopChanged">Share of answers whose clean label does not strictly lead the released one.</param>
/// <param name="MeanDistance">Mean L1 distance of clean and released, 0 to 2 for distributions.</param>
/// <param name="MaxDistance">The greatest.</param>
/// <param name="DistinctAnswers">Released answers that differ in any bit.</param>
public sealed record UtilityMetrics(double TopChanged, double MeanDistance, double MaxDistance, int DistinctAnswers)
{
    /// <summary>Share of answers with the true label; null without labels.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Expected calibration error in 15 bins of equal width; null without labels.</summary>
    public double? CalibrationError { get; init; }

    /// <summary>Mean squared distance from the true labels, summed over classes, 0 to 2; null without labels.</summary>
    public double? Brier { get; init; }

    /// <summary>Area under the ROC curve of telling right answers from wrong ones by their confidence, .5 while there is only one kind; null without labels.</summary>
    public double? Separation { get; init; }

    /// <summary>For each threshold, in the order given, the share of answers whose confidence lies on the other side of it than the clean one.</summary>
    public ImmutableArray<double> Crossings { get; init; } = [];

    /// <summary>Compares released answers with clean ones.</summary>
    /// <param name="clean">Clean answers, row after row, at least one.</param>
    /// <param name="released">What was released of them.</param>
    /// <param name="labels">True labels; empty for none.</param>
    /// <param name="classCount">Classes.</param>
    /// <param name="thresholds">Confidences that applications compare with; one that is equal lies above.</param>
    /// <exception cref="ArgumentException">Not equally many rows, or none.</exception>
    public static UtilityMetrics Measure(
        ReadOnlySpan<float> clean, ReadOnlySpan<float> released, ReadOnlySpan<int> labels, int classCount, params ReadOnlySpan<double> thresholds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        int rows = clean.Length / classCount;
        if (rows == 0 || clean.Length != rows * classCount || released.Length != clean.Length || (!labels.IsEmpty && labels.Length != rows))
        {
            throw new ArgumentException($"{clean.Length} clean values, {released.Length} released ones and {labels.Length} labels are not equally many rows of {classCount}, at least one.", nameof(released));
        }

        int moved = 0;
        int right = 0;
        double sum = 0;
        double most = 0;
        int[] crossed = new int[thresholds.Length];
        HashSet<UInt128> distinct = [];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> before = clean.Slice(row * classCount, classCount);
            ReadOnlySpan<float> after = released.Slice(row * classCount, classCount);
            int label = TensorPrimitives.IndexOfMax(before);
            int top = TensorPrimitives.IndexOfMax(after);
            double distance = 0;
            bool isLed = false;
            for (int i = 0; i < classCount; i++)
            {
                distance += Math.Abs((double)before[i] - after[i]);
                isLed |= i != label && !(after[i] < after[label]);
            }

            moved += isLed ? 1 : 0;
            right += !labels.IsEmpty && top == labels[row] ? 1 : 0;
            sum += distance;
            most = Math.Max(most, distance);
            distinct.Add(Digest(after));
            for (int i = 0; i < thresholds.Length; i++)
            {
                float threshold = (float)thresholds[i];
                crossed[i] += (before[label] >= threshold) != (after[top] >= threshold) ? 1 : 0;
            }
        }

        return new UtilityMetrics((double)moved / rows, sum / rows, most, distinct.Count)
        {
            Accuracy = labels.IsEmpty ? null : (double)right / rows,
            CalibrationError = labels.IsEmpty ? null : Calibration.MeasureError(released, labels, classCount),
            Brier = labels.IsEmpty ? null : Calibration.MeasureBrier(released, labels, classCount),
            Separation = labels.IsEmpty ? null : Calibration.MeasureSeparation(released, labels, classCount),
            Crossings = [.. crossed.Select(count => (double)count / rows)],
        };
    }

    /// <summary>128 bits of an answer: two chains of SplitMix64 rounds, which no two of some million answers share but by accident.</summary>
    private static UInt128 Digest(ReadOnlySpan<float> answer)
    {
        ulong low = 0;
        ulong high = 1;
        foreach (float value in answer)
        {
            uint bits = BitConverter.SingleToUInt32Bits(value);
            low = new SeededRandom(low, bits).NextUInt64();
            high = new SeededRandom(high, bits).NextUInt64();
        }

        return new UInt128(high, low);
    }
}
