using System.Globalization;

namespace InferenceShield;

/// <summary>Whether live traffic still looks like the calibration's. Thread-safe, no allocation but for a report.</summary>
/// <remarks>Decayed mean over callers of their mean vectors, in standard deviations over the calibration's callers. Any change of customers
/// moves it (detection.md 3.5): it says when to calibrate anew, and accuses nobody.</remarks>
internal sealed class DriftWatch
{
    private const double Tolerated = .3;
    private const double Decay = 1 - (1 / 1000.0);
    private const int FewestCallers = 50;

    /// <summary>Standard errors that a mean must lie beyond the tolerance: 24 are looked at again and again.</summary>
    private const double StandardErrors = 3.5;

    private static readonly string[] s_names =
    [
        "confidence", "margin between the two leading labels", "entropy of answers", "surprise at the second label", "distance of answers",
        "mean of inputs", "spread of inputs", "empty share of inputs", "variation between neighbours", "distance to the label's centre",
        "cosine with the label's centre", "distance of projections",
    ];

    private readonly Lock _gate = new();
    private readonly double[] _sums = new double[QuerySignals.VectorLength];
    private double _weight;
    private int _stamp;

    /// <summary>Notes a caller's mean vector at a checkpoint (each caller counts once).</summary>
    /// <param name="calibration">In force; under another one than before, counting begins anew.</param>
    /// <param name="mean">24 numbers, at 45 queries.</param>
    public void Note(DetectionCalibration calibration, ReadOnlySpan<float> mean)
    {
        lock (_gate)
        {
            if (_stamp != calibration.Stamp)
            {
                _stamp = calibration.Stamp;
                _weight = 0;
                _sums.AsSpan().Clear();
            }

            _weight = (_weight * Decay) + 1;
            for (int i = 0; i < _sums.Length; i++)
            {
                _sums[i] = (_sums[i] * Decay) + (float.IsFinite(mean[i]) ? mean[i] : 0);
            }
        }
    }

    /// <summary>What can be said now.</summary>
    /// <param name="calibration">In force.</param>
    public DriftReport Read(DetectionCalibration calibration)
    {
        Span<double> shifts = stackalloc double[QuerySignals.VectorLength];
        shifts.Clear();
        double weight;
        lock (_gate)
        {
            weight = _stamp == calibration.Stamp ? _weight : 0;
            for (int i = 0; i < shifts.Length && weight > 0; i++)
            {
                double spread = calibration.Plain.VectorSpread[i];
                shifts[i] = spread > 0 ? ((_sums[i] / weight) - calibration.Plain.VectorMean[i]) / spread : 0;
            }
        }

        if (weight < FewestCallers || calibration.Callers == 0)
        {
            return new DriftReport(IsDrift: false, (int)Math.Round(weight), LargestShift: 0, []);
        }

        int[] order = new int[shifts.Length];
        double[] sizes = new double[shifts.Length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            sizes[i] = -Math.Abs(shifts[i]);
        }

        Array.Sort(sizes, order);
        double error = Math.Sqrt((1 / weight) + (1.0 / calibration.Callers));
        List<string> reasons = [];
        foreach (int place in order.AsSpan(0, 3))
        {
            reasons.Add(Describe(place, shifts[place]));
        }

        return new DriftReport(-sizes[0] >= Tolerated + (StandardErrors * error), (int)Math.Round(weight), -sizes[0], reasons);
    }

    private static string Describe(int place, double shift) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(place < s_names.Length ? "" : "extremes of ")}{s_names[place % s_names.Length]}: {Math.Abs(shift):0.00} standard deviations {(shift > 0 ? "above" : "below")} calibrated callers");
}
