using System.Globalization;

namespace InferenceShield;

/// <summary>The campaigns that go on: which group of callers is which campaign of earlier, who is in it, what they have seen together.</summary>
/// <remarks>Not thread-safe: the campaign worker's own. Bounded: 1,024 campaigns of 16,384 callers, whom it forgets a day after they were last
/// linked. Cells and queries of a member whose state was displaced stay counted.</remarks>
internal sealed class CampaignBook
{
    public const int MostCampaigns = 1_024;
    public const int MostMembers = 16_384;
    public const int MostNamed = 1_024;

    private static readonly long s_memory = (long)TimeSpan.FromDays(1).TotalNanoseconds;

    private readonly List<Campaign> _campaigns = [];
    private long _latestId;

    /// <summary>Takes in a group found now.</summary>
    /// <param name="callers">Its members.</param>
    /// <param name="queries">At how many queries they were compared; 0 for near-duplicates.</param>
    /// <param name="threshold">From which size on it is reported.</param>
    /// <param name="evidence">Why, in words.</param>
    /// <param name="now">Nanoseconds; may go backwards.</param>
    public void Take(ReadOnlySpan<CallerKey> callers, int queries, int threshold, string evidence, long now)
    {
        Campaign campaign = Match(callers) ?? Begin();
        campaign.LastSeen = now;
        foreach (CallerKey caller in callers)
        {
            bool isMember = campaign.Members.ContainsKey(caller);
            if (isMember || campaign.Members.Count < MostMembers)
            {
                campaign.HasNewcomers |= !isMember;
                campaign.Members[caller] = campaign.Members.GetValueOrDefault(caller) with { LastLinked = now };
            }
        }

        // Of the several ways in which one campaign shows, the one that shows it best.
        double weight = (double)callers.Length / threshold;
        if (campaign.Weight < weight || campaign.Queries == queries)
        {
            campaign.Weight = weight;
            campaign.Queries = queries;
            campaign.Threshold = threshold;
            campaign.Evidence = evidence;
        }
    }

    /// <summary>Forgets what is long past, reads members' states, and reports.</summary>
    /// <param name="calibration">In force.</param>
    /// <param name="watches">Callers' states.</param>
    /// <param name="now">Nanoseconds; may go backwards.</param>
    /// <param name="found">Is given campaigns that are new, grew or have other members.</param>
    /// <returns>All that go on, the one with the most leaked first.</returns>
    public CampaignReport[] Report(DetectionCalibration calibration, CallerWatchTable watches, long now, Action<CampaignReport>? found)
    {
        _campaigns.RemoveAll(campaign => now - campaign.LastSeen > s_memory);
        if (_campaigns.Count > MostCampaigns)
        {
            _campaigns.Sort((one, other) => other.Odometer.CompareTo(one.Odometer));
            _campaigns.RemoveRange(MostCampaigns, _campaigns.Count - MostCampaigns);
        }

        CampaignReport[] reports = new CampaignReport[_campaigns.Count];
        for (int i = 0; i < reports.Length; i++)
        {
            Campaign campaign = _campaigns[i];
            (int size, double odometer) = (campaign.Size, campaign.Odometer);
            campaign.Read(calibration, watches, now - s_memory);
            reports[i] = campaign.Describe();
            if (campaign.HasNewcomers || campaign.Size > size || campaign.Odometer > odometer)
            {
                found?.Invoke(reports[i] with { Everybody = [.. campaign.Members.Keys] });
            }

            campaign.HasNewcomers = false;
        }

        Array.Sort(reports, static (one, other) => one.Odometer == other.Odometer ? one.Id.CompareTo(other.Id) : other.Odometer.CompareTo(one.Odometer));
        return reports;
    }

    /// <summary>The campaign with which the group shares most members, if these are half of the smaller of both.</summary>
    private Campaign? Match(ReadOnlySpan<CallerKey> callers)
    {
        Campaign? best = null;
        int most = 0;
        foreach (Campaign campaign in _campaigns)
        {
            int shared = 0;
            foreach (CallerKey caller in callers)
            {
                shared += campaign.Members.ContainsKey(caller) ? 1 : 0;
            }

            if (shared > most && 2 * shared >= Math.Min(callers.Length, campaign.Members.Count))
            {
                (best, most) = (campaign, shared);
            }
        }

        return best;
    }

    private Campaign Begin()
    {
        Campaign campaign = new(++_latestId);
        _campaigns.Add(campaign);
        return campaign;
    }

    private record struct Member(long LastLinked, long Queries);

    private sealed class Campaign(long id)
    {
        private CellBitmap _cells;
        private int _stamp;
        private long _pastQueries;

        public Dictionary<CallerKey, Member> Members { get; } = [];

        public long LastSeen { get; set; }

        /// <summary>Whether callers joined since it was last reported: as many may have left.</summary>
        public bool HasNewcomers { get; set; }

        public double Weight { get; set; }

        public int Queries { get; set; }

        public int Threshold { get; set; }

        public string Evidence { get; set; } = string.Empty;

        public int Size { get; private set; }

        public double Odometer { get; private set; }

        public void Read(DetectionCalibration calibration, CallerWatchTable watches, long oldest)
        {
            if (_stamp != calibration.Stamp)
            {
                // Cells of another calibration may be others; the mass reached stays as a floor.
                _stamp = calibration.Stamp;
                _cells = default;
            }

            foreach ((CallerKey caller, Member member) in Members)
            {
                if (member.LastLinked < oldest)
                {
                    _pastQueries += member.Queries;
                    Members.Remove(caller);
                }
                else if (watches.TryEnterExisting(caller, out int slot))
                {
                    long queries;
                    try
                    {
                        ref CallerWatch watch = ref watches[slot];
                        if (watch.Stamp == calibration.Stamp)
                        {
                            _cells.Or(in watch.Cells);
                        }

                        Odometer = Math.Max(Odometer, watch.Odometer);
                        queries = watch.TotalQueries;
                    }
                    finally
                    {
                        watches.Exit(slot);
                    }

                    Members[caller] = member with { Queries = Math.Max(member.Queries, queries) };
                }
            }

            Size = Members.Count;
            Odometer = Math.Max(Odometer, calibration.Cells.MassOf(in _cells));
        }

        public CampaignReport Describe() => new()
        {
            Id = id,
            Callers = [.. Members.Keys.Take(MostNamed)],
            Size = Size,
            Threshold = Threshold,
            Queries = Queries,
            Odometer = Odometer,
            TotalQueries = _pastQueries + Members.Values.Sum(member => member.Queries),
            Reason = string.Create(CultureInfo.InvariantCulture, $"{Evidence} Together they have seen {Odometer:P0} of what honest traffic covers."),
        };
    }
}
