using System.Numerics.Tensors;

namespace InferenceShield.Statistics.Detection;

/// <summary>Whether keys of one campaign are linked by the directions in which they differ from honest callers.</summary>
internal static class SybilLinks
{
    /// <summary>The largest group around one of the keys.</summary>
    /// <param name="calibration">Against which.</param>
    /// <param name="keys">Each key's queries; all as many.</param>
    /// <returns>Its size, and the size that 600 honest callers and the keys do not exceed in 99 %.</returns>
    public static (int Largest, int Honest) Measure(DetectionCalibration calibration, IReadOnlyList<QuerySignals[]> keys)
    {
        const int Honest = 600;
        LinkingBaseline linking = calibration.Linking!;
        int at = Array.FindLastIndex(LinkingBaseline.Queries, queries => queries <= keys[0].Length);
        LinkingSpace space = new(linking.Vectors[at]!, linking.Spreads[at]);
        List<float[]> far = [];
        float[] mean = new float[QuerySignals.VectorLength];
        foreach (QuerySignals[] queries in keys)
        {
            CallerMonitor monitor = new(calibration);
            foreach (ref readonly QuerySignals query in queries.AsSpan(0, LinkingBaseline.Queries[at]))
            {
                monitor.Observe(in query);
            }

            CallerUpdate.MeanVector(in monitor.Watch, mean);
            float[] direction = new float[LinkingSpace.Dimension];
            if (space.Direct(mean, direction) > linking.Lengths[at])
            {
                far.Add(direction);
            }
        }

        int largest = far.Count == 0 ? 0 : far.Max(one => far.Count(other => TensorPrimitives.Dot<float>(one, other) > LinkingBaseline.Cosines[at]));
        return (largest, linking.SizeOf(at, Honest + keys.Count));
    }
}
