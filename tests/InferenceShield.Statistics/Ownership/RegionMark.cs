using InferenceShield.Numerics;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A near-tie mark of a key, whose bit may vary smoothly with the input.</summary>
/// <remarks>By region: for each pair of labels a keyed direction among the principal ones of benign inputs, and the sign of where an input lies along it, or
/// of a cosine of that, with a keyed phase. By exact input and by cell: as in the shield, for comparison.</remarks>
internal sealed class RegionMark
{
    public const string Exact = "exact";
    public const string Cell = "cell";
    public const string Linear = "region linear";
    public const string Cosine1 = "region cosine 1";
    public const string Cosine2 = "region cosine 2";
    public const string Cosine4 = "region cosine 4";
    public const string Cosine2Wide = "region cosine 2 margin 0.4";

    private const string Purpose = "near-tie-region";

    private readonly InputSpace _space;
    private readonly MarkKey _key;
    private readonly string _keying;
    private readonly double _frequency;
    private readonly KeyedGaussians _gaussians;
    private readonly double[] _weights;

    /// <param name="space">Of benign inputs.</param>
    /// <param name="keying">One of the names above.</param>
    /// <param name="key">Whose mark; it must live as long.</param>
    public RegionMark(InputSpace space, string keying, MarkKey key)
    {
        _space = space;
        _key = key;
        _keying = keying;
        _frequency = keying switch { Cosine1 => 1, Cosine2 or Cosine2Wide => 2, Cosine4 => 4, _ => 0 };
        _weights = new double[space.DirectionCount + 2];
        Span<byte> bytes = stackalloc byte[CounterRandom.KeySize];
        key.Derive(Purpose, bytes);
        _gaussians = new KeyedGaussians(bytes);
    }

    public static IReadOnlyList<string> Names { get; } = [Exact, Cell, Linear, Cosine1, Cosine2, Cosine4, Cosine2Wide];

    /// <summary>How near two labels are for a key of a name to pick one.</summary>
    public static double MarginOf(string keying) => keying == Cosine2Wide ? 0.4 : 0.2;

    /// <summary>Where an input lies along each principal direction, in standard deviations of benign inputs.</summary>
    public static double[] Locate(InputSpace space, ReadOnlySpan<float> input)
    {
        ReadOnlySpan<float> row = space.Fold(input);
        double[] place = new double[space.DirectionCount];
        for (int k = 0; k < place.Length; k++)
        {
            ReadOnlySpan<float> direction = space.Direction(k);
            double sum = 0;
            for (int i = 0; i < row.Length; i++)
            {
                sum += ((double)row[i] - space.Mean[i]) * space.Scale[i] * direction[i];
            }

            place[k] = sum / space.Deviations[k];
        }

        return place;
    }

    /// <summary>Picks a label for each near tie of one pair.</summary>
    /// <param name="ties">All of one pair.</param>
    /// <param name="picks">1 for the higher label, -1 for the lower.</param>
    public void Pick(ReadOnlySpan<RegionTie> ties, Span<sbyte> picks)
    {
        bool isRegion = _keying is not (Exact or Cell);
        if (isRegion)
        {
            Draw(ties[0].Tie);
        }

        for (int i = 0; i < ties.Length; i++)
        {
            NearTie tie = ties[i].Tie;
            bool isHigher = isRegion
                ? IsHigher(ties[i].Place)
                : tie.Higher == (_keying == Cell ? NearTieMark.Pick(_key.NearTies, tie) : NearTieMark.Pick(_key.NearTies, tie, MarkDigest.OfExact(_key.Inputs, ties[i].Row)));
            picks[i] = isHigher ? (sbyte)1 : (sbyte)-1;
        }
    }

    /// <summary>Exchanges the two leading scores of a clean row, if it is a near tie and the key picks the second.</summary>
    public void Apply(ReadOnlySpan<float> input, Span<float> row)
    {
        if (!NearTieMark.TryFind(OutputKind.Probabilities, row, MarginOf(_keying), out NearTie tie))
        {
            return;
        }

        Span<sbyte> pick = stackalloc sbyte[1];
        Pick([new RegionTie(tie, input.ToArray(), Locate(_space, input))], pick);
        if (pick[0] > 0 != row[tie.Higher] > row[tie.Lower])
        {
            (row[tie.Lower], row[tie.Higher]) = (row[tie.Higher], row[tie.Lower]);
        }
    }

    /// <summary>The pair's direction, of unit variance over benign inputs, and its phase: two normal numbers, of which any angle is as likely.</summary>
    private void Draw(NearTie tie)
    {
        _gaussians.Fill((uint)tie.Lower | ((ulong)(uint)tie.Higher << 32), _weights);
        double square = 0;
        Span<double> weights = _weights.AsSpan(0, _space.DirectionCount);
        for (int k = 0; k < weights.Length; k++)
        {
            weights[k] *= _frequency > 0 ? _space.Deviations[k] : 1; // as the cosine mark's; a linear one weighs all directions alike
            square += weights[k] * weights[k];
        }

        for (int k = 0; k < weights.Length; k++)
        {
            weights[k] /= Math.Sqrt(square);
        }
    }

    private bool IsHigher(double[] place)
    {
        double along = 0;
        for (int k = 0; k < place.Length; k++)
        {
            along += _weights[k] * place[k];
        }

        if (_frequency == 0)
        {
            return along >= 0;
        }

        (double sine, double cosine) = Math.SinCos(_frequency * along);
        return (_weights[^2] * cosine) - (_weights[^1] * sine) >= 0;
    }
}
