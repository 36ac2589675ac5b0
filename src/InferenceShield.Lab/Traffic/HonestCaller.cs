namespace InferenceShield.Lab;

/// <summary>One honest caller's life: which rows it asks, in which order, and what its pipeline does to them. Immutable, thread-safe.</summary>
internal sealed class HonestCaller
{
    private const int MixtureSize = 3;

    private readonly HonestTraffic _traffic;
    private readonly int[] _rows;
    private readonly int[] _origins;
    private readonly byte[] _changeOf;
    private readonly InputChange[] _changes;
    private readonly ulong _noise;

    /// <summary>Draws a life: length, mix of classes, bursts, changes and repeats.</summary>
    public HonestCaller(HonestTraffic traffic, ulong seed, ulong caller)
    {
        _traffic = traffic;
        SeededRandom random = new(seed, stream: caller);
        HonestTrafficOptions options = traffic.Options;
        double length = options.FewestQueries * Math.Exp(random.NextUnit() * Math.Log((double)options.MostQueries / options.FewestQueries));
        Length = Math.Clamp((int)Math.Round(length), options.FewestQueries, options.MostQueries);
        double[] shares = DrawShares(traffic.RowsOf, ref random);
        double stay = random.NextInt32(4) == 0 ? random.NextBetween(0.8f, 0.97f) : 0;
        _changes = DrawChanges(options, ref random);
        float repeats = random.NextInt32(10) < 3 ? random.NextBetween(0, 0.3f) : 0;
        _noise = random.NextUInt64();

        _rows = new int[Length];
        _origins = new int[Length];
        _changeOf = new byte[Length];
        int[]?[] orders = new int[shares.Length][];
        int[] next = new int[shares.Length];
        int label = -1;
        for (int query = 0; query < Length; query++)
        {
            if (query > 0 && random.NextUnit() <= repeats)
            {
                int earlier = random.NextInt32(query);
                (_rows[query], _origins[query], _changeOf[query]) = (_rows[earlier], _origins[earlier], _changeOf[earlier]);
                continue;
            }

            label = label >= 0 && random.NextUnit() <= stay ? label : DrawLabel(shares, ref random);
            _rows[query] = TakeRow(traffic.RowsOf[label], ref orders[label], ref next[label], ref random);
            _origins[query] = query;
            _changeOf[query] = _changes.Length == 1 ? (byte)0 : (byte)random.NextInt32(_changes.Length);
        }
    }

    /// <summary>Queries in its life.</summary>
    public int Length { get; }

    /// <summary>What its pipeline does to inputs; of several ways the first.</summary>
    public InputChange LifeChange => _changes[0];

    /// <summary>Which row of the traffic's rows a query is made of.</summary>
    public int RowOf(int query) => _rows[query];

    /// <summary>Whether a query is that row as it is.</summary>
    public bool IsUnchanged(int query) => _changes[_changeOf[query]].Kind == InputChangeKind.None;

    /// <summary>Writes a query's input.</summary>
    public void Write(int query, Span<float> input)
    {
        // A repeat is the same input to the last bit: its noise is that of the query it repeats.
        SeededRandom noise = new(_noise, stream: (ulong)_origins[query]);
        _changes[_changeOf[query]].Apply(_traffic.Rows.GetRow(_rows[query]), input, _traffic.Options.ImageSide ?? 0, _traffic.Means, _traffic.Spreads, ref noise);
    }

    /// <summary>Of Dirichlet(alpha): small alphas give callers of few classes.</summary>
    private static double[] DrawShares(int[][] rowsOf, ref SeededRandom random)
    {
        double alpha = 0.3 * Math.Exp(random.NextUnit() * Math.Log(10 / 0.3));
        double[] shares = new double[rowsOf.Length];
        double total = rowsOf.Sum(rows => (double)rows.Length);
        for (int label = 0; label < shares.Length; label++)
        {
            shares[label] = rowsOf[label].Length == 0 ? double.NegativeInfinity : random.NextLogGamma(alpha * rowsOf.Length * rowsOf[label].Length / total);
        }

        double largest = shares.Max();
        double sum = 0;
        for (int label = 0; label < shares.Length; label++)
        {
            shares[label] = Math.Exp(shares[label] - largest);
            sum += shares[label];
        }

        return Array.ConvertAll(shares, share => share / sum);
    }

    private static InputChange[] DrawChanges(HonestTrafficOptions options, ref SeededRandom random)
    {
        bool isImage = options.ImageSide is not null;
        if (options.IsShifted)
        {
            return [InputChange.DrawUnseen(isImage, ref random)];
        }

        int kind = random.NextInt32(10);
        if (kind < 6)
        {
            return [default];
        }

        InputChange first = InputChange.Draw(isImage, ref random);
        if (kind < 9)
        {
            return [first];
        }

        InputChange[] mixture = new InputChange[MixtureSize]; // of which one is none
        mixture[0] = first;
        mixture[1] = InputChange.Draw(isImage, ref random);
        return mixture;
    }

    private static int DrawLabel(double[] shares, ref SeededRandom random)
    {
        double left = random.NextUnit();
        int label = -1;
        for (int i = 0; i < shares.Length; i++)
        {
            if (shares[i] > 0)
            {
                label = i;
                left -= shares[i];
                if (left <= 0)
                {
                    break;
                }
            }
        }

        return label;
    }

    /// <summary>Every row of a class once before any comes again.</summary>
    private static int TakeRow(int[] rows, ref int[]? order, ref int next, ref SeededRandom random)
    {
        order ??= [.. rows];
        int place = next % order.Length;
        int other = place + random.NextInt32(order.Length - place); // shuffled as far as it is used
        (order[place], order[other]) = (order[other], order[place]);
        next++;
        return order[place];
    }
}
