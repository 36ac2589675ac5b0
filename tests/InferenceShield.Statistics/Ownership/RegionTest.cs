using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Tests whether a suspect picks near ties as a key does: among random keys, less what control models pick.</summary>
internal sealed class RegionTest
{
    public const int Keys = 20_000;

    private readonly float[] _rows;
    private readonly RegionTie[] _ties; // pair after pair
    private readonly sbyte[][] _picks; // by key; the owner's is the first

    /// <param name="space">Of benign inputs.</param>
    /// <param name="keying">See <see cref="RegionMark"/>.</param>
    /// <param name="key">The owner's.</param>
    /// <param name="rows">Inputs, of which near ties count.</param>
    /// <param name="clean">The model's answers to them.</param>
    /// <param name="margin">Of near ties that are tested: not more than the mark's for logged rows; a copy's own near ties lie wider.</param>
    public RegionTest(InputSpace space, string keying, MarkKey key, Dataset rows, float[] clean, double margin)
    {
        int classes = clean.Length / rows.Count;
        List<RegionTie> ties = [];
        for (int row = 0; row < rows.Count; row++)
        {
            if (NearTieMark.TryFind(OutputKind.Probabilities, clean.AsSpan(row * classes, classes), margin, out NearTie tie))
            {
                float[] input = rows.GetRow(row).ToArray();
                ties.Add(new RegionTie(tie, input, RegionMark.Locate(space, input)));
            }
        }

        _ties = [.. ties.OrderBy(tie => tie.Tie.Lower).ThenBy(tie => tie.Tie.Higher)];
        _rows = [.. _ties.SelectMany(tie => tie.Row)];
        _picks = new sbyte[Keys + 1][];
        for (int i = 0; i <= Keys; i++)
        {
            using MarkKey? random = i == 0 ? null : RandomKeys.GetMarkKey(Keys, i);
            RegionMark mark = new(space, keying, random ?? key);
            _picks[i] = new sbyte[_ties.Length];
            for (int first = 0, end; first < _ties.Length; first = end)
            {
                for (end = first + 1; end < _ties.Length && (_ties[end].Tie.Lower, _ties[end].Tie.Higher) == (_ties[first].Tie.Lower, _ties[first].Tie.Higher); end++)
                {
                }

                mark.Pick(_ties.AsSpan(first..end), _picks[i].AsSpan(first..end));
            }
        }
    }

    /// <summary>Near ties that are tested.</summary>
    public int Count => _ties.Length;

    /// <summary>What control models pick on the mean, for <see cref="Run"/>; 0 without any.</summary>
    public double[] Expect(IReadOnlyList<IClassifier> controls)
    {
        double[] expected = new double[_ties.Length];
        foreach (IClassifier control in controls)
        {
            double[] labels = Labels(control);
            for (int i = 0; i < labels.Length; i++)
            {
                expected[i] += labels[i] / controls.Count;
            }
        }

        return expected;
    }

    /// <summary>Share of matches among those that the suspect gives to one of the two labels; z and the decimal logarithm of the rank among random keys.</summary>
    public (double Matches, double Z, double LogP) Run(IClassifier suspect, double[] expectation)
    {
        double[] labels = Labels(suspect);
        double matches = 0.5 + (Sum(_picks[0], labels) / 2 / Math.Max(1, labels.Sum(Math.Abs)));
        double[] less = [.. labels.Zip(expectation, (label, expected) => label - expected)];
        double own = Sum(_picks[0], less);
        double mean = 0;
        double square = 0;
        int reach = 0;
        for (int i = 1; i <= Keys; i++)
        {
            double sum = Sum(_picks[i], less);
            mean += sum / Keys;
            square += sum * sum / Keys;
            reach += sum >= own ? 1 : 0;
        }

        return (matches, (own - mean) / Math.Sqrt(square - (mean * mean)), Math.Log10((1.0 + reach) / (1 + Keys)));
    }

    private static double Sum(sbyte[] picks, double[] values)
    {
        double sum = 0;
        for (int i = 0; i < picks.Length; i++)
        {
            sum += picks[i] * values[i];
        }

        return sum;
    }

    private double[] Labels(IClassifier model)
    {
        int[] labels = OneHot.Labels(OneHot.Ask(model, _rows), model.ClassCount);
        return [.. _ties.Select((tie, i) => labels[i] == tie.Tie.Higher ? 1.0 : labels[i] == tie.Tie.Lower ? -1 : 0)];
    }
}
