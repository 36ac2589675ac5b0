namespace InferenceShield.Lab;

/// <summary>The sum of whole numbers each of which gets a fair random sign: what answers give under random keys, whatever the answers are.</summary>
/// <remarks>
/// Fisher's randomisation test (The Design of Experiments, 1935) with signs that a key draws: given what the suspect answered, each cell of the key counts
/// plus or minus its surplus, by one bit of the key. So the distribution is exact, with any dependence between the answers of one cell.
/// Exact by adding up the distribution, weight by weight, where weights times their sum are at most 2^31; above, Hoeffding's bound (1963), which
/// is never too small. Immutable and thread-safe.
/// </remarks>
internal sealed class SignSum
{
    private const long MostWork = 1L << 31;

    // Tails of the sum of those weights that got a plus, in units of the weights' common divisor; null where all weights are equal, or for the bound.
    private readonly double[]? _tails;
    private readonly int _count;
    private readonly int _divisor;
    private readonly long _total;
    private readonly double _squares;

    /// <param name="weights">Not negative; those that are 0 do not count.</param>
    public SignSum(ReadOnlySpan<int> weights)
    {
        bool areEqual = true;
        int first = 0;
        foreach (int weight in weights)
        {
            if (weight > 0)
            {
                first = first == 0 ? weight : first;
                areEqual &= weight == first;
                _divisor = Gcd(weight, _divisor);
                _count++;
                _total += weight;
                _squares += (double)weight * weight;
            }
        }

        IsExact = areEqual || _total / _divisor * _count <= MostWork;
        if (areEqual || !IsExact)
        {
            return;
        }

        _tails = new double[(_total / _divisor) + 1];
        _tails[0] = 1;
        int reached = 0;
        foreach (int given in weights)
        {
            int weight = given / _divisor;
            if (weight == 0)
            {
                continue;
            }

            reached += weight;
            for (int i = reached; i >= weight; i--)
            {
                _tails[i] = (_tails[i] + _tails[i - weight]) / 2;
            }

            for (int i = weight - 1; i >= 0; i--)
            {
                _tails[i] /= 2;
            }
        }

        for (int i = _tails.Length - 2; i >= 0; i--)
        {
            _tails[i] += _tails[i + 1]; // from the small ones up, so that the far tail is right to its last digits
        }
    }

    /// <summary>Whether tails are exact; else they are bounds.</summary>
    public bool IsExact { get; }

    /// <summary>Weights above 0.</summary>
    public int Count => _count;

    /// <summary>The probability of a sum as large as this one or larger, at least <see cref="BinomialTail.Smallest"/>.</summary>
    public double Upper(long sum)
    {
        if (_count == 0 || sum <= -_total)
        {
            return 1;
        }

        if (sum > _total)
        {
            return BinomialTail.Smallest;
        }

        if (!IsExact)
        {
            return sum <= 0 ? 1 : Math.Max(BinomialTail.Smallest, Math.Exp(-((double)sum * sum) / (2 * _squares)));
        }

        // The weights with a plus sum to half of the sum and the total.
        long unit = 2L * _divisor;
        long plus = (sum + _total + unit - 1) / unit;
        return _tails is null
            ? BinomialTail.Upper(_count, (int)plus, 0.5)
            : Math.Clamp(_tails[plus], BinomialTail.Smallest, 1);
    }

    private static int Gcd(int a, int b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}
