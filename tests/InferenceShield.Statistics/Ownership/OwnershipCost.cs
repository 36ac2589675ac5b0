using System.Numerics.Tensors;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What marks do to the answers of honest users.</summary>
internal static class OwnershipCost
{
    public const int Keys = 10;
    private const ulong FirstSeed = 1_000;

    /// <summary>The marks whose cost is measured.</summary>
    public static IReadOnlyList<OwnershipMark> Marks { get; } =
    [
        .. from keying in (MarkKeying[])[MarkKeying.Cell, MarkKeying.ExactInput] from margin in (double[])[0.05, 0.1, 0.2, 0.3] select OwnershipMark.NearTie(keying, margin),
        OwnershipMark.OfPermutation(MarkKeying.Cell), OwnershipMark.OfCosine(0.02), OwnershipMark.OfCosine(0.05), OwnershipMark.OfTriggers(0.005),
    ];

    /// <summary>One row for each key.</summary>
    public static IEnumerable<OwnershipCostRow> Measure(OwnershipTarget target, OwnershipMark mark)
    {
        Dataset honest = target.Measure;
        int classes = target.Model.ClassCount;
        float[] clean = OneHot.Ask(target.Model, honest.Values.Span);
        for (int key = 0; key < Keys; key++)
        {
            using MarkedRelease plain = new(target, new OwnershipMark(OwnershipMark.None), MarkedRelease.Full, FirstSeed + (ulong)key);
            using MarkedRelease marked = new(target, mark, MarkedRelease.Full, FirstSeed + (ulong)key);
            float[] before = new float[clean.Length];
            float[] after = new float[clean.Length];
            plain.Apply(honest.Values.Span, clean, classes, before);
            marked.Apply(honest.Values.Span, clean, classes, after);
            UtilityMetrics without = UtilityMetrics.Measure(clean, before, honest.Labels.Span, classes);
            UtilityMetrics with = UtilityMetrics.Measure(before, after, honest.Labels.Span, classes);
            (double gain, double error) = Compare(before, after, honest.Labels.Span, classes);
            yield return new OwnershipCostRow(
                target.Name, mark.Name, FirstSeed + (ulong)key, honest.Count, with.TopChanged, gain, error, with.MeanDistance, with.CalibrationError!.Value, without.CalibrationError!.Value,
                with.Separation!.Value, without.Separation!.Value);
        }
    }

    /// <summary>The mean change of accuracy and its standard error over rows.</summary>
    private static (double Gain, double Error) Compare(ReadOnlySpan<float> before, ReadOnlySpan<float> after, ReadOnlySpan<int> truth, int classes)
    {
        int gained = 0;
        int lost = 0;
        for (int row = 0; row < truth.Length; row++)
        {
            bool was = TensorPrimitives.IndexOfMax(before.Slice(row * classes, classes)) == truth[row];
            bool isNow = TensorPrimitives.IndexOfMax(after.Slice(row * classes, classes)) == truth[row];
            gained += isNow && !was ? 1 : 0;
            lost += was && !isNow ? 1 : 0;
        }

        double mean = (double)(gained - lost) / truth.Length;
        return (mean, Math.Sqrt((((double)(gained + lost) / truth.Length) - (mean * mean)) / truth.Length));
    }
}
