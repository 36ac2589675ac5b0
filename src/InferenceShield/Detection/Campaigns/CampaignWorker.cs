using System.Globalization;

namespace InferenceShield;

/// <summary>Finds callers that act together, off the hot path.</summary>
/// <remarks>
/// <para>Callers are compared at equal numbers of queries, by the direction in which the mean of what was measured of these differs from
/// honest callers' means; and by queries that are nearly each other's. Thieves who take disjoint parts of a natural pool are found by neither.</para>
/// <para>The Note methods may be called by any number of threads, while <see cref="Run"/> runs too; of two runs at a time the second does
/// nothing. Memory is fixed at start. A run takes at most the latest 131,072 callers at each n, of which it compares at most 32,768 pair by
/// pair: where more are far from honest ones, a share of them that hangs on their keys, the same in every run.</para>
/// </remarks>
internal sealed class CampaignWorker
{
    /// <summary>Callers remembered at each n.</summary>
    public const int MostSnapshots = 131_072;

    private const int Dimension = LinkingSpace.Dimension;

    private static readonly long s_window = (long)TimeSpan.FromHours(1).TotalNanoseconds;

    private readonly LatestRing<CallerSnapshot>[] _snapshots;
    private readonly NearQueryLinks _nearQueries = new();
    private readonly CallerActivity _activity = new();
    private readonly CallerClusters _clusters = new();
    private readonly CampaignBook _book = new();
    private readonly HashSet<CallerKey> _seen = [];
    private readonly Action<CampaignReport>? _found;
    private float[] _directions = [];
    private CallerKey[] _callers = [];
    private CampaignReport[] _campaigns = [];
    private int _running;

    /// <param name="callers">That are watched at the same time: so many snapshots are kept at each n, up to <see cref="MostSnapshots"/>.</param>
    /// <param name="found">Is given, by the thread that runs, each campaign that is new, grew or has other members; null for nobody.</param>
    public CampaignWorker(int callers, Action<CampaignReport>? found = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(callers, 1);
        int capacity = Math.Min(callers, MostSnapshots);
        _snapshots = [.. LinkingBaseline.Queries.Select(_ => new LatestRing<CallerSnapshot>(capacity))];
        _found = found;
    }

    /// <summary>The campaigns that go on, as of the last run; the one with the most leaked first.</summary>
    public IReadOnlyList<CampaignReport> Campaigns => Volatile.Read(ref _campaigns);

    /// <summary>Mean vectors that were left out because their place was busy.</summary>
    public long Missed => _snapshots.Sum(ring => ring.Missed);

    /// <summary>Notes a caller's mean vector at n = 11, 45 or 181. On the hot path: bounded, no allocation, no lock that waits.</summary>
    public void Note(DetectionCalibration calibration, CallerKey caller, CallerKey tenant, int queries, ReadOnlySpan<float> mean, long now)
    {
        int at = LinkingBaseline.Queries.IndexOf(queries);
        if (at < 0)
        {
            return;
        }

        CallerSnapshot snapshot = new() { Caller = caller, Tenant = tenant, At = now, Stamp = calibration.Stamp };
        mean[..Dimension].CopyTo(snapshot.Mean);
        _snapshots[at].Add(in snapshot);
    }

    /// <summary>Notes a query, for near-duplicates across callers and for when they ask. On the hot path: bounded, no allocation.</summary>
    public void NoteQuery(CallerKey caller, in QuerySignals signals, long now)
    {
        _nearQueries.Note(caller, in signals, now);
        _activity.Note(caller, now);
    }

    /// <summary>Plain numbers across callers, measured now: for dashboards. Some milliseconds.</summary>
    public CrossCallerSignals Measure(long now) => _activity.Measure(Campaigns, _nearQueries.Share, now);

    /// <summary>Links, scores and reports; each minute.</summary>
    /// <param name="calibration">In force; without <see cref="DetectionCalibration.Linking"/> nobody is linked.</param>
    /// <param name="watches">Callers' states.</param>
    /// <param name="now">Nanoseconds of the shield's clock; may go backwards.</param>
    public void Run(DetectionCalibration calibration, CallerWatchTable watches, long now)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            return;
        }

        try
        {
            _nearQueries.Turn();
            if (calibration.Linking is { } linking)
            {
                for (int at = 0; at < LinkingBaseline.Queries.Length; at++)
                {
                    if (linking.Vectors[at] is { } vectors)
                    {
                        Link(linking, at, new LinkingSpace(vectors, linking.Spreads[at]), calibration.Stamp, now);
                    }
                }

                _nearQueries.Link(linking, calibration, watches, _book, now - s_window, now);
            }

            Volatile.Write(ref _campaigns, _book.Report(calibration, watches, now, _found));
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private void Link(LinkingBaseline linking, int at, LinkingSpace space, int stamp, long now)
    {
        (int callers, int far) = Gather(_snapshots[at], space, linking.Lengths[at], stamp, now);
        int compared = Thin(far);

        // Where a share of the far ones is compared, honest groups among them are as those of so much smaller a cohort.
        int cohort = compared == far ? callers : (int)((long)callers * compared / far);
        int size = linking.SizeOf(at, cohort);
        foreach (int[] group in _clusters.Find(_directions, compared, LinkingBaseline.Cosines[at], size))
        {
            CallerKey[] members = [.. group.Select(member => _callers[member])];
            _book.Take(members, LinkingBaseline.Queries[at], size + 1, Explain(members.Length, at, size, cohort), now);
        }
    }

    private static string Explain(int members, int at, int size, int cohort) => string.Create(
        CultureInfo.InvariantCulture,
        $"{members} callers' first {LinkingBaseline.Queries[at]} queries differ from honest callers' in the same direction (cosine from {LinkingBaseline.Cosines[at]} on); in 99 % of honest cohorts of {cohort} callers no more than {size} do.");

    /// <summary>Takes the window's callers, each by its latest snapshot, and keeps those that are far from honest ones.</summary>
    /// <returns>How many callers there were, and how many of them are far.</returns>
    private (int Callers, int Far) Gather(LatestRing<CallerSnapshot> ring, LinkingSpace space, float length, int stamp, long now)
    {
        _seen.Clear();
        int far = 0;
        long next = ring.Next;
        for (long ticket = next - 1; ticket >= Math.Max(0, next - ring.Capacity); ticket--)
        {
            // A clock that went backwards leaves snapshots of the future, which count as new.
            if (!ring.TryRead(ticket, out CallerSnapshot snapshot) || snapshot.Stamp != stamp || now - snapshot.At > s_window || !_seen.Add(snapshot.Caller))
            {
                continue;
            }

            if (far == _callers.Length)
            {
                Array.Resize(ref _callers, Math.Max(1_024, 2 * far));
                Array.Resize(ref _directions, _callers.Length * Dimension);
            }

            if (space.Direct(snapshot.Mean, _directions.AsSpan(far * Dimension)) > length)
            {
                _callers[far++] = snapshot.Caller;
            }
        }

        return (_seen.Count, far);
    }

    /// <summary>Leaves a share of the far callers that can be compared pair by pair.</summary>
    private int Thin(int far)
    {
        if (far <= CallerClusters.MostCompared)
        {
            return far;
        }

        // A little less than the share, so that chance does not take it above the bound.
        ulong limit = (ulong)(ulong.MaxValue * (.97 * CallerClusters.MostCompared / far));
        int kept = 0;
        for (int i = 0; i < far && kept < CallerClusters.MostCompared; i++)
        {
            // Odd multiples spread keys evenly, whatever else of them is used elsewhere.
            if (_callers[i].High * 0x9E3779B97F4A7C15 <= limit)
            {
                _callers[kept] = _callers[i];
                _directions.AsSpan(i * Dimension, Dimension).CopyTo(_directions.AsSpan(kept * Dimension));
                kept++;
            }
        }

        return kept;
    }
}
