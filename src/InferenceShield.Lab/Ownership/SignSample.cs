namespace InferenceShield.Lab;

/// <summary>A suspect's answers between two labels each, by groups that share one bit of the key.</summary>
/// <remarks>The p-value is exact over random keys, given the answers: see <see cref="SignSum"/>. With one answer a group it is the binomial test with
/// chance 1/2. Immutable and thread-safe.</remarks>
internal sealed class SignSample
{
    private readonly int[] _first;
    private readonly int[] _second;
    private readonly SignSum _null;
    private readonly bool _areSingle;

    /// <param name="first">How often each group was answered with what the bit 1 picks.</param>
    /// <param name="second">How often with what the bit 0 picks.</param>
    public SignSample(int[] first, int[] second)
    {
        _first = first;
        _second = second;
        int[] surplus = new int[first.Length];
        _areSingle = true;
        double squares = 0;
        for (int i = 0; i < first.Length; i++)
        {
            int both = first[i] + second[i];
            surplus[i] = Math.Abs(first[i] - second[i]);
            Answers += both;
            squares += (double)both * both;
            _areSingle &= both <= 1;
        }

        GroupSize = Answers == 0 ? 1 : squares / Answers;
        _null = new SignSum(surplus);
    }

    /// <summary>Answers by group.</summary>
    public SignCounts Counts => new(_first, _second);

    /// <summary>Answers in all groups.</summary>
    public int Answers { get; }

    /// <summary>Groups whose answers are not even: the bits of the key that count.</summary>
    public int Bits => _null.Count;

    /// <summary>The size of the group that an answer lies in, on the average: how many answers do the work of one with a bit of its own, at worst.</summary>
    public double GroupSize { get; }

    /// <summary>Whether p-values are exact; else they are bounds.</summary>
    public bool IsExact => _null.IsExact;

    /// <summary>The share of answers that a key's bits pick, and how likely it is under a random key.</summary>
    /// <param name="bits">One for each group: whether it picks the first.</param>
    public TestOutcome Test(ReadOnlySpan<bool> bits)
    {
        if (Answers == 0)
        {
            return new TestOutcome(0, double.NaN, 0.5, double.NaN, double.NaN, double.NaN);
        }

        int matches = 0;
        for (int i = 0; i < bits.Length; i++)
        {
            matches += bits[i] ? _first[i] : _second[i];
        }

        (double low, double high) = _areSingle ? BinomialTail.Interval(Answers, matches) : ClusterInterval(bits, matches);
        return new TestOutcome(Answers, (double)matches / Answers, 0.5, low - 0.5, high - 0.5, _null.Upper((2L * matches) - Answers));
    }

    /// <summary>Of a share over groups whose answers hang together: the linearised variance of a ratio (Cochran, Sampling Techniques, 1977, section 6.5).</summary>
    private (double Low, double High) ClusterInterval(ReadOnlySpan<bool> bits, int matches)
    {
        double share = (double)matches / Answers;
        double squares = 0;
        int groups = 0;
        for (int i = 0; i < bits.Length; i++)
        {
            int both = _first[i] + _second[i];
            double rest = (bits[i] ? _first[i] : _second[i]) - (share * both);
            squares += rest * rest;
            groups += both > 0 ? 1 : 0;
        }

        if (groups < 2)
        {
            return (0, 1);
        }

        double half = 1.959964 * Math.Sqrt(squares * groups / (groups - 1)) / Answers;
        return (Math.Max(0, share - half), Math.Min(1, share + half));
    }
}
