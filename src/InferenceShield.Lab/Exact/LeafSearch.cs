namespace InferenceShield.Lab;

/// <summary>Leaves found so far, and inputs that are in none of them.</summary>
internal sealed class LeafSearch(ExactQueries meter, InputBox box, int classCount, ulong seed)
{
    // Halvings of a value's range: 2^-20 of it, about what single precision resolves.
    private const int Halvings = 20;
    private const double Slack = 4.0 / (1 << Halvings);

    // A box is believed when so many inputs drawn from it are answered alike.
    private const int Witnesses = 32;

    private readonly Queue<(double[] Values, double[] Answer)> _open = new();
    private readonly int _length = box.Low.Length;
    private readonly double[] _widths = [.. box.High.Zip(box.Low, static (high, low) => high - low)];
    private SeededRandom _random = new(seed, stream: 43);

    public List<TreeLeaf> Leaves { get; } = [];

    /// <summary>Takes note of answered rows; returns how many no leaf explains.</summary>
    public int Enqueue(double[] rows, double[] answers)
    {
        int unexplained = 0;
        for (int row = 0; row < answers.Length / classCount; row++)
        {
            ReadOnlySpan<double> values = rows.AsSpan(row * _length, _length);
            ReadOnlySpan<double> answer = answers.AsSpan(row * classCount, classCount);
            if (!IsExplained(values, answer))
            {
                unexplained++;
                _open.Enqueue((values.ToArray(), answer.ToArray()));
            }
        }

        return unexplained;
    }

    /// <summary>Searches until no input is open; false where asking came to an end.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        while (_open.TryDequeue(out (double[] Values, double[] Answer) start))
        {
            if (!IsExplained(start.Values, start.Answer) && !await FindLeafAsync(start.Values, start.Answer, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
        }

        return true;
    }

    // The copy answers from the smallest box. An input as near to an end as halving can see may be on either side of it.
    private bool IsExplained(ReadOnlySpan<double> values, ReadOnlySpan<double> answer)
    {
        double alike = double.PositiveInfinity;
        double unlike = double.PositiveInfinity;
        foreach (TreeLeaf leaf in Leaves)
        {
            bool same = answer.SequenceEqual(leaf.Answer);
            if (leaf.Size < (same ? alike : unlike) && leaf.Contains(values, same ? Slack : -Slack, _widths))
            {
                (alike, unlike) = same ? (leaf.Size, unlike) : (alike, leaf.Size);
            }
        }

        return alike < double.PositiveInfinity && alike <= unlike;
    }

    // All 2 d ends at once: a batch asks the middle of each interval between what is inside and what is not.
    private async Task<bool> FindLeafAsync(double[] values, double[] answer, CancellationToken cancellationToken)
    {
        double[] inside = [.. values, .. values];
        double[] outside = [.. box.Low, .. box.High];
        bool[] ends = new bool[2 * _length];
        for (int step = 0; step <= Halvings; step++)
        {
            int[] asked = [.. Enumerable.Range(0, ends.Length).Where(i => step == 0 || ends[i])];
            if (asked.Length == 0)
            {
                break;
            }

            double[] places = [.. asked.Select(i => step == 0 ? outside[i] : (inside[i] + outside[i]) / 2)];
            double[] rows = new double[asked.Length * _length];
            for (int i = 0; i < asked.Length; i++)
            {
                values.CopyTo(rows.AsSpan(i * _length));
                rows[(i * _length) + (asked[i] % _length)] = places[i];
            }

            if (await meter.AskAsync(rows, cancellationToken).ConfigureAwait(false) is not { } answers)
            {
                return false;
            }

            Enqueue(rows, answers);
            for (int i = 0; i < asked.Length; i++)
            {
                bool same = answers.AsSpan(i * classCount, classCount).SequenceEqual(answer);
                ends[asked[i]] |= !same;
                (same ? inside : outside)[asked[i]] = places[i];
            }
        }

        double[] low = new double[_length];
        double[] high = new double[_length];
        for (int i = 0; i < _length; i++)
        {
            low[i] = ends[i] ? (inside[i] + outside[i]) / 2 : double.NegativeInfinity;
            high[i] = ends[i + _length] ? (inside[i + _length] + outside[i + _length]) / 2 : double.PositiveInfinity;
        }

        if (!await CutAsync(values, answer, low, high, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        double size = 0;
        for (int i = 0; i < _length; i++)
        {
            size += Math.Log((Math.Min(high[i], box.High[i]) - Math.Max(low[i], box.Low[i])) / _widths[i]);
        }

        Leaves.Add(new TreeLeaf(low, high, answer) { Size = size });
        return true;
    }

    // Cuts a box until inputs drawn from it are all answered as the one it was found from.
    private async Task<bool> CutAsync(double[] values, double[] answer, double[] low, double[] high, CancellationToken cancellationToken)
    {
        while (true)
        {
            double[] rows = new double[Witnesses * _length];
            for (int i = 0; i < rows.Length; i++)
            {
                int value = i % _length;
                double bottom = Math.Max(low[value], box.Low[value]) + (Slack * _widths[value]);
                double top = Math.Min(high[value], box.High[value]) - (Slack * _widths[value]);
                rows[i] = top > bottom ? bottom + (InputBox.NextUnit(ref _random) * (top - bottom)) : values[value];
            }

            if (await meter.AskAsync(rows, cancellationToken).ConfigureAwait(false) is not { } answers)
            {
                return false;
            }

            int other = Enumerable.Range(0, Witnesses).FirstOrDefault(row => !answers.AsSpan(row * classCount, classCount).SequenceEqual(answer), -1);
            if (other < 0)
            {
                return true;
            }

            if (!await CutBeforeAsync(values, rows[(other * _length)..((other + 1) * _length)], answer, low, high, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
        }
    }

    // Changes one value after another into those of an input that is answered otherwise, finds one whose change matters,
    // and cuts where it does. A cut is an end of some leaf, so no box ever loses more than belongs to others or to its neighbours of the same name.
    private async Task<bool> CutBeforeAsync(
        double[] values, double[] other, double[] answer, double[] low, double[] high, CancellationToken cancellationToken)
    {
        int alike = 0;
        int unlike = _length;
        while (unlike - alike > 1)
        {
            int middle = (alike + unlike) / 2;
            bool? same = await IsAnsweredAsync([.. other[..middle], .. values[middle..]], answer, cancellationToken).ConfigureAwait(false);
            (alike, unlike) = same == true ? (middle, unlike) : (alike, middle);
            if (same is null)
            {
                return false;
            }
        }

        double[] place = [.. other[..alike], .. values[alike..]];
        double inside = values[alike];
        double outside = other[alike];
        for (int step = 0; step < Halvings; step++)
        {
            place[alike] = (inside + outside) / 2;
            bool? same = await IsAnsweredAsync(place, answer, cancellationToken).ConfigureAwait(false);
            (inside, outside) = same == true ? (place[alike], outside) : (inside, place[alike]);
            if (same is null)
            {
                return false;
            }
        }

        (other[alike] > values[alike] ? high : low)[alike] = (inside + outside) / 2;
        return true;
    }

    private async ValueTask<bool?> IsAnsweredAsync(double[] values, double[] answer, CancellationToken cancellationToken)
    {
        double[]? answers = await meter.AskAsync(values, cancellationToken).ConfigureAwait(false);
        return answers is null ? null : answers.AsSpan().SequenceEqual(answer);
    }
}
