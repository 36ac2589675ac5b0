using System.Globalization;

namespace InferenceShield;

/// <summary>Callers whose queries are nearly each other's. Thread-safe but for <see cref="Link"/>, which is the campaign worker's own.</summary>
internal sealed class NearQueryLinks
{
    /// <summary>Such queries remembered, of all callers.</summary>
    public const int MostHits = 16_384;

    /// <summary>Such queries of one caller below which it is not linked: a handful is chance.</summary>
    private const int FewestHits = 16;

    /// <summary>How far a caller's share must be above that of honest ones.</summary>
    private const double Factor = 3;

    private readonly NearQueryTable _table = new();
    private readonly LatestRing<NearQueryHit> _hits = new(MostHits);
    private readonly Tally[] _tallies = new Tally[Environment.ProcessorCount];
    private long _queriesBefore;
    private long _hitsBefore;
    private double _share;

    /// <summary>Share of such queries between the last two turns, 0 to 1.</summary>
    public double Share => Volatile.Read(ref _share);

    /// <summary>Notes a query. No allocation.</summary>
    /// <returns>Whether it is nearly, but not exactly, another caller's.</returns>
    public bool Note(CallerKey caller, in QuerySignals signals, long now)
    {
        if (signals.Exact == 0 && signals.SimHash == 0)
        {
            return false; // inputs are not seen
        }

        // Lost increments do no harm to a share that is only shown; a counter for each processor keeps them few.
        ref Tally tally = ref _tallies[Environment.CurrentManagedThreadId % _tallies.Length];
        tally.Queries++;
        if (!_table.Note(caller.Tag, signals.SimHash, signals.Exact, out uint other))
        {
            return false;
        }

        tally.Hits++;
        _hits.Add(new NearQueryHit { Caller = caller, Other = other, At = now });
        return true;
    }

    /// <summary>Measures the share since the last turn.</summary>
    public void Turn()
    {
        long queries = 0;
        long hits = 0;
        foreach (ref Tally tally in _tallies.AsSpan())
        {
            queries += Volatile.Read(ref tally.Queries);
            hits += Volatile.Read(ref tally.Hits);
        }

        Volatile.Write(ref _share, queries > _queriesBefore ? Math.Clamp((double)(hits - _hitsBefore) / (queries - _queriesBefore), 0, 1) : 0);
        (_queriesBefore, _hitsBefore) = (queries, hits);
    }

    /// <summary>Hands groups of callers over whose shares are far above honest ones'.</summary>
    /// <param name="linking">Without <see cref="LinkingBaseline.NearQueryShare"/> nobody is linked.</param>
    /// <param name="calibration">In force.</param>
    /// <param name="watches">Callers' states: how much each has asked.</param>
    /// <param name="book">Gets the groups.</param>
    /// <param name="oldest">Hits before it do not count.</param>
    /// <param name="now">Nanoseconds.</param>
    public void Link(LinkingBaseline linking, DetectionCalibration calibration, CallerWatchTable watches, CampaignBook book, long oldest, long now)
    {
        if (float.IsNaN(linking.NearQueryShare))
        {
            return;
        }

        Dictionary<uint, (CallerKey Caller, int Hits)> callers = [];
        List<(uint Caller, uint Other)> pairs = [];
        long next = _hits.Next;
        for (long ticket = Math.Max(0, next - _hits.Capacity); ticket < next; ticket++)
        {
            if (_hits.TryRead(ticket, out NearQueryHit hit) && hit.At >= oldest)
            {
                callers[hit.Caller.Tag] = (hit.Caller, callers.GetValueOrDefault(hit.Caller.Tag).Hits + 1);
                pairs.Add((hit.Caller.Tag, hit.Other));
            }
        }

        Dictionary<uint, uint> groups = [];
        foreach ((uint tag, (CallerKey caller, int hits)) in callers)
        {
            if (hits >= FewestHits && hits > Factor * linking.NearQueryShare * QueriesOf(calibration, watches, caller))
            {
                groups[tag] = tag;
            }
        }

        foreach ((uint caller, uint other) in pairs)
        {
            if (groups.ContainsKey(caller) && groups.ContainsKey(other))
            {
                groups[Root(groups, caller)] = Root(groups, other);
            }
        }

        foreach (IGrouping<uint, uint> group in groups.Keys.ToArray().GroupBy(tag => Root(groups, tag)).Where(group => group.Skip(1).Any()))
        {
            CallerKey[] members = [.. group.Select(tag => callers[tag].Caller)];
            string reason = string.Create(
                CultureInfo.InvariantCulture,
                $"{members.Length} callers ask what is nearly, but not exactly, what others of them asked, in more than {Factor * linking.NearQueryShare:P1} of their queries; 99 % of honest callers do in at most {linking.NearQueryShare:P1}.");
            book.Take(members, queries: 0, threshold: 2, reason, now);
        }
    }

    private static long QueriesOf(DetectionCalibration calibration, CallerWatchTable watches, CallerKey caller)
    {
        if (!watches.TryEnterExisting(caller, out int slot))
        {
            return long.MaxValue; // unknown, so its share is
        }

        try
        {
            return watches[slot].Queries + ((long)watches[slot].Epoch * (calibration.Baseline?.Lifetime ?? 0));
        }
        finally
        {
            watches.Exit(slot);
        }
    }

    private static uint Root(Dictionary<uint, uint> groups, uint tag)
    {
        while (groups[tag] != tag)
        {
            tag = groups[tag] = groups[groups[tag]];
        }

        return tag;
    }

    // A cache line each.
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 64)]
    private struct Tally
    {
        public long Queries;
        public long Hits;
    }
}
