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
    /// <param name="trimmed">Share of callers taken for attackers and left out, those that are extreme in most statistics. The promise then rests
    /// on there being so many: if there are none, up to this share of honest callers is alarmed besides. So all of it counts as extrapolated.</param>
    public static DetectionThresholds Fit(float[][] maxima, bool isAdvisory, double trimmed)
    {
        maxima = Trim(maxima, trimmed);
        Tail[] tails = [.. maxima.Select(values => new Tail(values))];
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
                    double each = Bisect(maxima, tails, s_families[family], UsedShare * Promises[level], out extrapolated[place]);
                    extrapolated[place] |= trimmed > 0;
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
    private static double Bisect(float[][] maxima, Tail[] tails, DetectionStatistic[] family, double target, out bool isScaled)
    {
        int callers = maxima[0].Length;
        isScaled = target * callers < FirstRank;
        double allowed = isScaled ? FirstRank : target * callers;
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

        return Math.Exp(low) * (isScaled ? target * callers / FirstRank : 1);
    }

    /// <summary>Leaves out the callers whose ranks over all statistics are the least likely (the product of the ranks; Fisher, 1925).</summary>
    private static float[][] Trim(float[][] maxima, double trimmed)
    {
        int callers = maxima[0].Length;
        int left = callers - (int)Math.Round(trimmed * callers);
        if (left == callers)
        {
            return maxima;
        }

        double[] likelihood = new double[callers];
        foreach (float[] values in maxima)
        {
            int[] order = [.. Enumerable.Range(0, callers)];
            Array.Sort([.. values], order); // ascending; equal ones, often none at all, count as the least extreme of them
            for (int place = callers - 1, rank = 0; place >= 0; place--)
            {
                rank = place == callers - 1 || values[order[place]] < values[order[place + 1]] ? LastOfEqual(values, order, place, callers) : rank;
                likelihood[order[place]] += Math.Log((double)rank / callers);
            }
        }

        int[] kept = [.. Enumerable.Range(0, callers).OrderByDescending(caller => likelihood[caller]).Take(left).Order()];
        return [.. maxima.Select(values => kept.Select(caller => values[caller]).ToArray())];
    }

    /// <summary>The rank from above of the last caller with the same value.</summary>
    private static int LastOfEqual(float[] values, int[] order, int place, int callers)
    {
        int last = place;
        while (last > 0 && values[order[last - 1]] == values[order[place]])
        {
            last--;
        }

        return callers - last;
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
        private readonly double _index;

        public Tail(float[] values)
        {
            _descending = [.. values];
            _descending.AsSpan().Sort((left, right) => right.CompareTo(left));
            _index = IndexOf(_descending);
        }

        public bool IsExtrapolated(double share) => Rank(share) < FirstRank;

        /// <summary>So that this share of honest callers is above: strictly above, as the rank counts.</summary>
        public float ThresholdAt(double share)
        {
            int rank = Rank(share);
            double threshold = rank >= FirstRank
                ? _descending[Math.Min(rank, _descending.Length) - 1]
                : _descending[Math.Min(FirstRank, _descending.Length) - 1] * Math.Pow(FirstRank / (share * (_descending.Length + 1)), _index);
            return Math.Max((float)Math.Min(threshold, 1e6), LeastThreshold);
        }

        // The least slack: a rank that is whole up to rounding is meant to be whole.
        private int Rank(double share) => (int)Math.Floor((share * (_descending.Length + 1)) + 1e-9);

        /// <summary>Hill's estimate (1975) over the 40 largest.</summary>
        private static double IndexOf(float[] descending)
        {
            int positive = Array.FindLastIndex(descending, value => value > 0) + 1;
            int length = Math.Min(TailLength, positive - 1);
            if (length < FirstRank)
            {
                return .5; // hardly anybody has any: as good as nothing is known of the tail
            }

            double sum = 0;
            for (int i = 0; i < length; i++)
            {
                sum += Math.Log(descending[i] / descending[length]);
            }

            return Math.Clamp(sum / length, .02, 2);
        }
    }
}
