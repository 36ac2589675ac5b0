using System.Numerics.Tensors;
using System.Text.Json.Serialization;

namespace InferenceShield.Lab;

/// <summary>How good a copy is, against the clean target and against the truth.</summary>
/// <param name="Agreement">Share of rows to which both give the same label.</param>
/// <param name="Accuracy">Share of rows with the true label; null without labels.</param>
/// <param name="Divergence">Mean Kullback-Leibler divergence of the copy from the clean target, in nats.</param>
/// <param name="Distance">Mean L1 distance of the two distributions, 0 to 2.</param>
public sealed record CopyMetrics(
    [property: JsonRequired] double Agreement, double? Accuracy, [property: JsonRequired] double Divergence, [property: JsonRequired] double Distance)
{
    /// <summary>Expected calibration error of the copy in 15 bins of equal width; null without labels.</summary>
    public double? CalibrationError { get; init; }

    /// <summary>Mean squared distance of the copy's distributions from the true labels, summed over classes, 0 to 2; null without labels.</summary>
    public double? Brier { get; init; }

    /// <summary>Compares answers of a copy with those of the target.</summary>
    /// <param name="clean">Clean answers of the target, row after row.</param>
    /// <param name="copied">Answers of the copy to the same rows.</param>
    /// <param name="labels">True labels; empty for none.</param>
    /// <param name="classCount">Classes.</param>
    public static CopyMetrics Measure(ReadOnlySpan<float> clean, ReadOnlySpan<float> copied, ReadOnlySpan<int> labels, int classCount)
    {
        int rows = clean.Length / classCount;
        int agreed = 0;
        int right = 0;
        double divergence = 0;
        double distance = 0;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> p = clean.Slice(row * classCount, classCount);
            ReadOnlySpan<float> q = copied.Slice(row * classCount, classCount);
            int top = TensorPrimitives.IndexOfMax(q);
            agreed += top == TensorPrimitives.IndexOfMax(p) ? 1 : 0;
            right += !labels.IsEmpty && top == labels[row] ? 1 : 0;
            for (int i = 0; i < classCount; i++)
            {
                divergence += p[i] > 0 ? p[i] * Math.Log(p[i] / Math.Max(q[i], 1e-12)) : 0;
                distance += Math.Abs(p[i] - q[i]);
            }
        }

        return new CopyMetrics((double)agreed / rows, labels.IsEmpty ? null : (double)right / rows, divergence / rows, distance / rows)
        {
            CalibrationError = labels.IsEmpty ? null : Calibration.MeasureError(copied, labels, classCount),
            Brier = labels.IsEmpty ? null : Calibration.MeasureBrier(copied, labels, classCount),
        };
    }

    /// <summary>Compares the answers to some rows only, such as those of high value; null where the filter takes none.</summary>
    /// <param name="clean">Clean answers of the target, row after row.</param>
    /// <param name="copied">Answers of the copy to the same rows.</param>
    /// <param name="labels">True labels; empty for none.</param>
    /// <param name="classCount">Classes.</param>
    /// <param name="includes">Whether a row counts, by its number from 0.</param>
    public static CopyMetrics? Measure(
        ReadOnlySpan<float> clean, ReadOnlySpan<float> copied, ReadOnlySpan<int> labels, int classCount, Func<int, bool> includes)
    {
        ArgumentNullException.ThrowIfNull(includes);
        List<float> cleanRows = [];
        List<float> copiedRows = [];
        List<int> labelRows = [];
        for (int row = 0; row < clean.Length / classCount; row++)
        {
            if (includes(row))
            {
                cleanRows.AddRange(clean.Slice(row * classCount, classCount));
                copiedRows.AddRange(copied.Slice(row * classCount, classCount));
                labelRows.AddRange(labels.IsEmpty ? [] : [labels[row]]);
            }
        }

        return cleanRows.Count == 0 ? null : Measure([.. cleanRows], [.. copiedRows], [.. labelRows], classCount);
    }
}
