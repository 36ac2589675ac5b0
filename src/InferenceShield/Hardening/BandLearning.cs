namespace InferenceShield;

/// <summary>Places the edges of confidence bands and calibrates their numbers on benign answers.</summary>
internal sealed class BandLearning
{
    private readonly int _classes;
    private readonly bool _namesRunnerUp;

    /// <summary>Ascending.</summary>
    private readonly float[] _confidences;

    /// <summary>The runner-up's probability of each.</summary>
    private readonly double[] _seconds;

    public BandLearning(ReadOnlySpan<float> answers, int classes, OutputKind kind, bool namesRunnerUp)
    {
        _classes = classes;
        _namesRunnerUp = namesRunnerUp && classes > 1;
        _confidences = new float[answers.Length / classes];
        _seconds = new double[_confidences.Length];
        for (int row = 0; row < _confidences.Length; row++)
        {
            Span<double> distribution = CleanAnswers.Normalize(answers.Slice(row * classes, classes), kind, row, out int top);
            _confidences[row] = (float)distribution[top];
            _seconds[row] = classes > 1 ? distribution[BandHardening.FindRunnerUp(distribution, top)] : 0;
        }

        // By both, so that sums over a band do not depend on the order of the rows.
        int[] order = [.. Enumerable.Range(0, _confidences.Length).OrderBy(i => _confidences[i]).ThenBy(i => _seconds[i])];
        _seconds = Array.ConvertAll(order, i => _seconds[i]);
        _confidences = Array.ConvertAll(order, i => _confidences[i]);
    }

    /// <summary>The given edges, and quantiles between them, up to a number of bands.</summary>
    public int[] PlaceEdges(int[] given, int bands)
    {
        int segments = given.Length + 1;
        double[] weights = new double[segments];
        int[] starts = new int[segments + 1];
        for (int segment = 0; segment < segments; segment++)
        {
            starts[segment] = segment == 0 ? 0 : CountBelow(given[segment - 1]);
            int end = segment == given.Length ? _confidences.Length : CountBelow(given[segment]);
            for (int i = starts[segment]; i < end; i++)
            {
                weights[segment] += Weight(_confidences[i]);
            }
        }

        starts[segments] = _confidences.Length;

        // Each further band goes to the segment that has the most weight for each of its bands.
        int[] parts = new int[segments];
        Array.Fill(parts, 1);
        for (int count = segments; count < bands; count++)
        {
            int heaviest = 0;
            for (int segment = 1; segment < segments; segment++)
            {
                heaviest = weights[segment] / parts[segment] > weights[heaviest] / parts[heaviest] ? segment : heaviest;
            }

            parts[heaviest]++;
        }

        List<int> edges = [];
        for (int segment = 0; segment < segments; segment++)
        {
            AddQuantiles(edges, starts[segment], weights[segment], parts[segment], segment == given.Length ? ReleaseGrid.Units + 1 : given[segment]);
            if (segment < given.Length)
            {
                edges.Add(given[segment]);
            }
        }

        return [.. edges];
    }

    /// <summary>The numbers of each band for the label and the runner-up.</summary>
    public (int[] Numbers, int[] RunnersUp) Calibrate(int[] edges)
    {
        int[] numbers = new int[edges.Length + 1];
        int[] runnersUp = new int[numbers.Length];
        int start = 0;
        for (int band = 0; band < numbers.Length; band++)
        {
            int end = band == edges.Length ? _confidences.Length : CountBelow(edges[band]);
            double sum = 0;
            double second = 0;
            for (int i = start; i < end; i++)
            {
                sum += _confidences[i];
                second += _seconds[i];
            }

            BandLimits limits = BandLimits.Of(edges, band, _classes, _namesRunnerUp);
            double mean = end > start ? sum / (end - start) : ReleaseGrid.ToDouble(limits.Lowest + limits.Highest) / 2;
            numbers[band] = Math.Clamp(ReleaseGrid.Round(mean), limits.Lowest, limits.Highest);
            if (_namesRunnerUp)
            {
                double left = end - start - sum;
                double share = left > 0 ? second / left : (1 + 1.0 / (_classes - 1)) / 2;
                BandLimits secondLimits = BandLimits.OfRunnerUp(numbers[band], _classes, true);
                double steps = Math.Min(1, share) * (ReleaseGrid.Units - numbers[band]);
                runnersUp[band] = Math.Clamp((int)Math.Round(steps), secondLimits.Lowest, secondLimits.Highest);
            }

            start = end;
        }

        return (numbers, runnersUp);
    }

    /// <summary>The standard deviation of a calibrated answer's being right.</summary>
    private static double Weight(float confidence) => Math.Sqrt(Math.Max(0, (double)confidence * (1 - (double)confidence)));

    private void AddQuantiles(List<int> edges, int start, double weight, int parts, int end)
    {
        double passed = 0;
        int next = 1;
        for (int i = start; i < _confidences.Length && next < parts; i++)
        {
            passed += Weight(_confidences[i]);
            if (passed < weight * next / parts)
            {
                continue;
            }

            // An edge that would leave no number on one of its sides is left out; as many answers share one confidence.
            int edge = ReleaseGrid.Round(_confidences[i]);
            if (edge <= end - 2 && !BandLimits.Of([.. edges, edge], edges.Count, _classes, _namesRunnerUp).IsEmpty)
            {
                edges.Add(edge);
            }

            while (next < parts && passed >= weight * next / parts)
            {
                next++;
            }
        }
    }

    private int CountBelow(int edge)
    {
        float bound = ReleaseGrid.ToFloat(edge);
        int low = 0;
        int high = _confidences.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _confidences[middle] < bound ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
