namespace InferenceShield;

/// <summary>Thresholds of lifetime maxima by conformal ranks over honest callers, whose union keeps the promise: detection.md 2.3.</summary>
internal static class ThresholdFit
{
    /// <summary>The promised shares, by <see cref="DetectionLevel"/>.</summary>
    public static readonly double[] Promises = [.01, .001];

    /// <summary>Of the promise, what the union may use up: that it is fitted to the same callers makes it a little optimistic.</summary>
    private const double UsedShare = .8;

    /// <summary>Ranks below this are extrapolated; so is a union of fewer callers.</summary>
    private const int FirstRank = 5;

    private const int TailLength = 40;

    /// <summary>A normalised statistic below 1 is below what 98 or 99 % of honest callers reach at one moment; no threshold is.</summary>
    private const float LeastThreshold = 1;

    private static readonly DetectionStatistic[][] s_families =
    [
        [DetectionStatistic.NearDuplicates, DetectionStatistic.OutputCumulative, DetectionStatistic.OutputRecent32, DetectionStatistic.OutputRecent256],
        [
            DetectionStatistic.Cumulative, DetectionStatistic.Recent32, DetectionStatistic.Recent256,
            DetectionStatistic.NearDuplicates, DetectionStatistic.Outliers, DetectionStatistic.TrainedOutliers,
        ],
    ];

    /// <summary>The least number of threshold callers with which a share can be promised: with fewer, not even their largest maximum keeps it.</summary>
    public static int FewestCallersFor(double promise) => (int)Math.Ceiling((1 / promise) - 1 - 1e-9);

    /// <param name="maxima">[statistic][caller]: of honest callers that nothing else was fitted to.</param>
    /// <param name="isAdvisory">Near-duplicates only get a threshold, and nothing is promised.</param>
    /// <param name="trimmed">Share of callers that may be attackers: the tail is then extrapolated from below them.</param>
    public static DetectionThresholds Fit(float[][] maxima, bool isAdvisory, double trimmed)
    {
        Tail[] tails = [.. maxima.Select(values => new Tail(values, trimmed))];
        int levels = Promises.Length;
        float[] values = new float[s_families.Length * levels * DetectionThresholds.Statistics];
        values.AsSpan().Fill(float.PositiveInfinity);
        double[] promises = new double[s_families.Length * levels];
        promises.AsSpan().Fill(double.NaN);
        bool[] extrapolated = new bool[promises.Length];
        for (int family = 0; family < s_families.Length; family++)
        {
            for (int level = 0; level < levels; level++)
            {
                int place = (family * levels) + level;
                Span<float> row = values.AsSpan(place * DetectionThresholds.Statistics, DetectionThresholds.Statistics);
                if (isAdvisory)
                {
                    Tail tail = tails[(int)DetectionStatistic.NearDuplicates];
                    row[(int)DetectionStatistic.NearDuplicates] = tail.ThresholdAt(UsedShare * Promises[level]);
                    extrapolated[place] = tail.IsExtrapolated(UsedShare * Promises[level]);
                }
                else if (maxima[0].Length >= FewestCallersFor(Promises[level]))
                {
                    double each = Bisect(maxima, tails, s_families[family], UsedShare * Promises[level], trimmed, out extrapolated[place]);
                    foreach (DetectionStatistic statistic in s_families[family])
                    {
                        row[(int)statistic] = tails[(int)statistic].ThresholdAt(each);
                        extrapolated[place] |= tails[(int)statistic].IsExtrapolated(each);
                    }

                    promises[place] = Promises[level];
                }
            }
        }

        return new DetectionThresholds { Values = values, Promises = promises, Extrapolated = extrapolated };
    }

    /// <summary>The largest share for each statistic at which the union stays within <paramref name="target"/>.</summary>
    /// <remarks>Where that would be fewer than five callers, their number is noise: the share at five is scaled down, as in the far tail the
    /// union is proportional to it.</remarks>
    private static double Bisect(float[][] maxima, Tail[] tails, DetectionStatistic[] family, double target, double trimmed, out bool isScaled)
    {
        int callers = maxima[0].Length;
        double counted = Math.Max(FirstRank, 3 * trimmed * callers);
        isScaled = target * callers < counted;
        double allowed = isScaled ? counted : target * callers;
        double low = Math.Log(1e-9);
        double high = 0;
        for (int step = 0; step < 60; step++)
        {
            double middle = (low + high) / 2;
            if (Alarmed(maxima, tails, family, Math.Exp(middle)) <= allowed)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return Math.Exp(low) * (isScaled ? target * callers / counted : 1);
    }

    private static int Alarmed(float[][] maxima, Tail[] tails, DetectionStatistic[] family, double share)
    {
        float[] thresholds = [.. family.Select(statistic => tails[(int)statistic].ThresholdAt(share))];
        int alarmed = 0;
        for (int caller = 0; caller < maxima[0].Length; caller++)
        {
            for (int i = 0; i < family.Length; i++)
            {
                if (maxima[(int)family[i]][caller] > thresholds[i])
                {
                    alarmed++;
                    break;
                }
            }
        }

        return alarmed;
    }

    /// <summary>The largest maxima of one statistic, and how they go on beyond what was seen.</summary>
    private sealed class Tail
    {
        private readonly float[] _descending;
        private readonly int _first;
        private readonly double _index;

        public Tail(float[] values, double trimmed)
        {
            _descending = [.. values];
            _descending.AsSpan().Sort((left, right) => right.CompareTo(left));
            _first = Math.Clamp(Math.Max(FirstRank, (int)Math.Ceiling(trimmed * values.Length) + 1), 1, values.Length);
            _index = IndexOf(_descending, trimmed > 0 ? _first : 1);
        }

        public bool IsExtrapolated(double share) => Rank(share) < _first;

        /// <summary>So that this share of honest callers is above: strictly above, as the rank counts.</summary>
        public float ThresholdAt(double share)
        {
            double exact = share * (_descending.Length + 1);
            int rank = Rank(share);
            double threshold = rank >= _first
                ? _descending[Math.Min(rank, _descending.Length) - 1]
                : _descending[_first - 1] * Math.Pow(_first / exact, _index);
            return Math.Max((float)Math.Min(threshold, 1e6), LeastThreshold);
        }

        // The least slack: a rank that is whole up to rounding is meant to be whole.
        private int Rank(double share) => (int)Math.Floor((share * (_descending.Length + 1)) + 1e-9);

        /// <summary>Hill's estimate (1975) over the 40 largest; those above <paramref name="first"/> count as no more than it, if they may be attackers'.</summary>
        private static double IndexOf(float[] descending, int first)
        {
            int positive = Array.FindLastIndex(descending, value => value > 0) + 1;
            int length = Math.Min(Math.Max(TailLength, 3 * first), positive - 1);
            if (length < first + FirstRank - 1)
            {
                return .5; // hardly anybody has any: as good as nothing is known of the tail
            }

            double sum = 0;
            for (int i = 1; i <= length; i++)
            {
                sum += Math.Log(descending[Math.Max(i, first) - 1] / descending[length]);
            }

            return Math.Clamp(sum / (length - first + 1), .02, 2);
        }
    }
}
