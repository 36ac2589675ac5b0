using System.Numerics;

namespace InferenceShield;

/// <summary>What was said lately, of whom, and how bad it was. Bounded: 4,096 subjects, the oldest of four forgotten first; then its
/// next event is said again, and what was left out is not told. Not thread-safe.</summary>
internal sealed class EventCoolDown
{
    /// <summary>Subjects that are remembered.</summary>
    public const int Capacity = 4096;

    private const int Ways = 4;

    private readonly Entry[] _entries = new Entry[Capacity];
    private readonly long _nanoseconds;

    public EventCoolDown(TimeSpan coolDown) => _nanoseconds = coolDown.Ticks * 100;

    /// <summary>Whether to say it.</summary>
    /// <param name="shieldEvent">What.</param>
    /// <param name="now">Nanoseconds of a clock that may step back.</param>
    /// <param name="suppressed">How many of its kind were left out before it.</param>
    public bool IsNews(ShieldEvent shieldEvent, long now, out long suppressed)
    {
        (ulong low, ulong high) = SubjectOf(shieldEvent);
        int rank = RankOf(shieldEvent);
        ref Entry entry = ref Find(shieldEvent.Kind, low, high, out bool isKnown);
        suppressed = entry.Suppressed;

        // A change to another posture is news, up or down; of the rest only what is worse.
        bool saysNothingNew = shieldEvent.Kind == ShieldEventKind.PostureChanged ? rank == entry.Rank : rank <= entry.Rank;
        if (isKnown && saysNothingNew && Math.Abs(now - entry.SaidAt) < _nanoseconds)
        {
            entry.Suppressed++;
            return false;
        }

        entry = new Entry(low, high, shieldEvent.Kind, rank, now);
        return true;
    }

    /// <summary>Alarms by family, then level; campaigns by doublings; odometers by twentieths; postures by which it is.</summary>
    private static int RankOf(ShieldEvent shieldEvent) => shieldEvent switch
    {
        { Kind: ShieldEventKind.Alarm, Verdict: { } verdict } => (verdict.Family == DetectionFamily.Output ? 2 : 0) + (int)verdict.Level,
        { Kind: ShieldEventKind.PostureChanged, To: { } to } => ((int)to * 2) + (shieldEvent.Acted ? 1 : 0),
        { Kind: ShieldEventKind.Campaign, Campaign: { } campaign } => BitOperations.Log2((uint)Math.Max(1, campaign.Size)),
        { Kind: ShieldEventKind.Odometer, Odometer: { } odometer } => (int)((odometer * 20) + 1e-9),
        _ => 0,
    };

    private static (ulong Low, ulong High) SubjectOf(ShieldEvent shieldEvent) => shieldEvent switch
    {
        { Kind: not ShieldEventKind.Campaign, Caller: { IsEmpty: false } caller } => (caller.Low, caller.High),
        { Campaign: { } campaign } => ((ulong)campaign.Id, 0), // no key's second half is 0
        { Tenant: { IsEmpty: false } tenant } => (tenant.Low, tenant.High),
        _ => default,
    };

    private ref Entry Find(ShieldEventKind kind, ulong low, ulong high, out bool isKnown)
    {
        int set = (int)((low + (ulong)kind) * 0x9E3779B97F4A7C15 >> 32) & ((Capacity / Ways) - 1);
        int oldest = set * Ways;
        for (int i = set * Ways; i < (set + 1) * Ways; i++)
        {
            ref Entry entry = ref _entries[i];
            if (entry.IsOf(kind, low, high))
            {
                isKnown = true;
                return ref entry;
            }

            oldest = !entry.IsUsed || (_entries[oldest].IsUsed && entry.SaidAt < _entries[oldest].SaidAt) ? i : oldest;
        }

        isKnown = false;
        _entries[oldest] = default;
        return ref _entries[oldest];
    }

    private struct Entry(ulong low, ulong high, ShieldEventKind kind, int rank, long saidAt)
    {
        public readonly bool IsUsed = true;
        public readonly int Rank = rank;
        public readonly long SaidAt = saidAt;
        public long Suppressed;

        public readonly bool IsOf(ShieldEventKind otherKind, ulong otherLow, ulong otherHigh) =>
            IsUsed && kind == otherKind && low == otherLow && high == otherHigh;
    }
}
