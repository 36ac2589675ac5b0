namespace InferenceShield;

/// <summary>Which callers have a dossier: those an operator watches or the shield suspects, and of the others those that were answered most.</summary>
/// <remarks>
/// <para>A caller is looked at when its count passes <see cref="Floor"/>, with one in 31 of its single queries. It takes the place of the holder that was answered least,
/// if it was answered a quarter more; that counts half after each week in which a holder asks nothing. So a flood of
/// names, each with few queries, displaces nobody.</para>
/// <para>Opening is for one thread at a time, by a try-lock: who does not get it tries again with its caller's next query. A record
/// with a dossier is never evicted, so a dossier's slot is its owner's until the dossier goes to somebody else.</para>
/// </remarks>
internal sealed class DossierTable
{
    /// <summary>Callers that have asked less matter to nobody yet.</summary>
    public const long LeastAsked = 100;

    private static readonly double s_nanosecondsPerWeek = TimeSpan.FromDays(7).TotalNanoseconds;

    private readonly Dossier[] _dossiers;
    private long _floor = LeastAsked;
    private int _used;
    private int _lock;

    /// <param name="capacity">0 or more.</param>
    /// <param name="make">Makes an empty dossier; called once for each, at once: queries allocate nothing.</param>
    public DossierTable(int capacity, Func<Dossier> make)
    {
        _dossiers = new Dossier[capacity];
        for (int i = 0; i < capacity; i++)
        {
            _dossiers[i] = make();
        }

        if (capacity == 0)
        {
            _floor = long.MaxValue;
        }
    }

    /// <summary>Queries a caller must have been answered to be looked at.</summary>
    public long Floor => Volatile.Read(ref _floor);

    public int Count => Volatile.Read(ref _used);

    /// <summary>A caller's dossier, or null if it is not (any more) that caller's.</summary>
    public Dossier? Find(int number, CallerKey caller) =>
        (uint)number < (uint)_dossiers.Length && _dossiers[number].IsOf(caller) ? _dossiers[number] : null;

    /// <summary>The callers that have a dossier.</summary>
    public IEnumerable<Dossier> Enumerate() => _dossiers.Where(dossier => dossier.IsOpen);

    /// <summary>Opens a dossier for a caller, if it has asked enough or is watched.</summary>
    /// <param name="callers">Where its record is.</param>
    /// <param name="slot">Its slot.</param>
    /// <param name="caller">Who.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <returns>The dossier's number; -1 if it did not get one.</returns>
    public int TryOpen(CallerTable callers, int slot, CallerKey caller, long now)
    {
        if (_dossiers.Length == 0 || Interlocked.CompareExchange(ref _lock, 1, 0) != 0)
        {
            return -1;
        }

        try
        {
            ref CallerRecord record = ref callers[slot];
            if (record.Dossier >= 0)
            {
                return record.Dossier;
            }

            int number = Choose(callers, record.Asked, IsPinned(in record), now);
            if (number < 0)
            {
                return -1;
            }

            Dossier dossier = _dossiers[number];
            dossier.Begin(caller, slot, now);
            record.SetDossier(number);

            // After the swap in SetDossier (a full fence): either the evicting thread saw the dossier, or this one sees that the record is gone.
            if (!callers.IsOwner(slot, caller))
            {
                record.SetDossier(-1);
                dossier.End();
                return -1;
            }

            return number;
        }
        finally
        {
            Volatile.Write(ref _lock, 0);
        }
    }

    /// <summary>Looks again at what it takes to get a dossier, for holders may have fallen silent.</summary>
    public void Refresh(CallerTable callers, long now)
    {
        if (_used < _dossiers.Length || _dossiers.Length == 0 || Interlocked.CompareExchange(ref _lock, 1, 0) != 0)
        {
            return;
        }

        try
        {
            Weakest(callers, now, out double asked);
            SetFloor(asked);
        }
        finally
        {
            Volatile.Write(ref _lock, 0);
        }
    }

    private static bool IsPinned(in CallerRecord record) => record.Posture != Posture.Normal || (record.Flags & CallerFlags.Watched) != 0;

    /// <summary>The number of a dossier to begin for a caller that has asked so much; -1 if all others matter more.</summary>
    private int Choose(CallerTable callers, long asked, bool isPinned, long now)
    {
        if (_used < _dossiers.Length)
        {
            Volatile.Write(ref _used, _used + 1);
            return _used - 1;
        }

        int number = Weakest(callers, now, out double least);
        SetFloor(least);
        if (number < 0 || (!isPinned && asked < Floor))
        {
            return -1;
        }

        Dossier weakest = _dossiers[number];
        if (weakest.IsOpen)
        {
            callers[weakest.Slot].SetDossier(-1);
            weakest.End();
        }

        return number;
    }

    private void SetFloor(double leastAsked) =>
        Volatile.Write(ref _floor, Math.Max(LeastAsked, (long)Math.Min((leastAsked * 1.25) + 1, long.MaxValue / 2)));

    /// <summary>The holder that may be displaced and has asked least; -1 if none may be.</summary>
    private int Weakest(CallerTable callers, long now, out double asked)
    {
        int weakest = -1;
        asked = double.PositiveInfinity;
        for (int number = 0; number < _dossiers.Length; number++)
        {
            Dossier dossier = _dossiers[number];
            if (!dossier.IsOpen)
            {
                asked = 0;
                return number;
            }

            ref CallerRecord record = ref callers[dossier.Slot];
            if (!IsPinned(in record))
            {
                double own = record.Asked * Math.Pow(2, -Math.Max(0, now - Math.Max(dossier.LatestAt, Gcra.TimeOf(Volatile.Read(ref record.Arrival)))) / s_nanosecondsPerWeek);
                if (own < asked)
                {
                    (weakest, asked) = (number, own);
                }
            }
        }

        return weakest;
    }
}
