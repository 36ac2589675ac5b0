namespace InferenceShield;

/// <summary>Confidences of right and of wrong answers. Not thread-safe.</summary>
internal sealed class ConfidenceHistogram
{
    /// <summary>Bins of equal width, as calibration errors are published.</summary>
    private const int CalibrationBins = 15;

    /// <summary>Bins of log-odds, 3.5 to a unit and ending at odds of e^9: classifiers' confidences crowd near 1, where bins of
    /// equal width would tell nothing apart.</summary>
    private const int SeparationBins = 64;

    private const double BinsPerUnit = 3.5;
    private const double LargestLogOdds = 9;

    private readonly double[] _gaps = new double[CalibrationBins];
    private readonly long[] _right = new long[SeparationBins];
    private readonly long[] _wrong = new long[SeparationBins];
    private double _squares;

    public void Add(double confidence, bool isRight)
    {
        double outcome = isRight ? 1 : 0;
        _gaps[Math.Min(CalibrationBins - 1, (int)(confidence * CalibrationBins))] += outcome - confidence;
        _squares += (outcome - confidence) * (outcome - confidence);
        (isRight ? _right : _wrong)[BinOf(confidence)]++;
    }

    public CalibrationSnapshot Read()
    {
        long right = _right.Sum();
        long wrong = _wrong.Sum();
        double count = right + wrong;
        if (count == 0)
        {
            return default;
        }

        double wins = 0;
        double ties = 0;
        long below = 0;
        for (int bin = 0; bin < SeparationBins; bin++)
        {
            wins += (double)_right[bin] * below;
            ties += (double)_right[bin] * _wrong[bin];
            below += _wrong[bin];
        }

        double pairs = (double)right * wrong;
        return new CalibrationSnapshot(
            right + wrong,
            right / count,
            _gaps.Sum(Math.Abs) / count,
            _squares / count,
            pairs == 0 ? 0.5 : (wins + (ties / 2)) / pairs,
            pairs == 0 ? 0 : ties / 2 / pairs);
    }

    private static int BinOf(double confidence)
    {
        double logOdds = Math.Log(confidence / (1 - confidence)); // infinite at 0 and 1, and clamped
        return (int)Math.Clamp(((logOdds - LargestLogOdds) * BinsPerUnit) + SeparationBins, 0, SeparationBins - 1);
    }
}
