namespace InferenceShield.Lab;

/// <summary>Benign rows among which an attacker hides his own.</summary>
internal sealed class CoverTraffic
{
    private readonly IOracle _oracle;
    private readonly Dataset _benign;
    private readonly int[] _order;
    private SeededRandom _random;
    private int _next;

    public CoverTraffic(IOracle oracle, Dataset benign, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(benign);
        if (benign.Count == 0 || benign.Width != oracle.InputLength)
        {
            throw new ArgumentException(
                $"'{benign.Name}' has {benign.Count} rows of {benign.Width} values; benign rows must be at least one, of {oracle.InputLength} as the model takes.", nameof(benign));
        }

        _oracle = oracle;
        _benign = benign;
        _random = new SeededRandom(seed, stream: 11);
        _order = [.. Enumerable.Range(0, benign.Count)];
        _next = _order.Length;
    }

    /// <summary>True and false in random places: rows of the attacker are false.</summary>
    public bool[] Mix(int rows, int cover)
    {
        int[] places = [.. Enumerable.Range(0, rows + cover)];
        _random.Shuffle(places);
        bool[] isCover = new bool[rows + cover];
        foreach (int place in places.AsSpan(0, cover))
        {
            isCover[place] = true;
        }

        return isCover;
    }

    /// <summary>Asks rows with benign ones where <paramref name="isCover"/> says, and drops the answers of these.</summary>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, bool[] isCover, CancellationToken cancellationToken)
    {
        int width = _oracle.InputLength;
        int length = _oracle.AnswerLength;
        float[] mixed = new float[isCover.Length * width];
        float[] mixedAnswers = new float[isCover.Length * length];
        int own = 0;
        for (int i = 0; i < isCover.Length; i++)
        {
            ReadOnlySpan<float> row = isCover[i] ? NextBenign() : inputs.Span.Slice(own++ * width, width);
            row.CopyTo(mixed.AsSpan(i * width));
        }

        OracleReply reply = await _oracle.AskAsync(mixed, mixedAnswers, cancellationToken).ConfigureAwait(false);
        int answered = 0;
        for (int i = 0; i < reply.Answered; i++)
        {
            if (!isCover[i])
            {
                mixedAnswers.AsSpan(i * length, length).CopyTo(answers.Span[(answered++ * length)..]);
            }
        }

        return reply with { Answered = answered, Unasked = isCover.AsSpan(isCover.Length - reply.Unasked).Count(false) };
    }

    /// <summary>Every benign row once before any comes again: a row that keeps coming back would stand out.</summary>
    private ReadOnlySpan<float> NextBenign()
    {
        if (_next == _order.Length)
        {
            _random.Shuffle(_order);
            _next = 0;
        }

        return _benign.GetRow(_order[_next++]);
    }
}
