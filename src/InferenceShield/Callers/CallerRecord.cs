using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>What the shield keeps of one caller, tenant, network or model: 128 bytes, changed by atomic operations on single words.</summary>
/// <remarks>The first half is what decides about a query, the second what is counted.</remarks>
[StructLayout(LayoutKind.Sequential, Size = SizeInBytes)]
internal struct CallerRecord
{
    public const int SizeInBytes = 128;

    /// <summary>The bits of <see cref="Standing"/> that decide about a query.</summary>
    public const ulong DecidingStanding = uint.MaxValue;

    /// <summary>Where in <see cref="Standing"/> the flags begin.</summary>
    public const int FlagsShift = 8;

    /// <summary>Second half of the key; 0 while the record is nobody's. See <see cref="CallerTable"/> for who may write it.</summary>
    public ulong KeyHigh;

    /// <summary>State of <see cref="Gcra"/>; in its count, queries that are not in <see cref="Counters"/> yet.</summary>
    public long Arrival;

    /// <summary>State of the daily query <see cref="Quota"/>.</summary>
    public ulong DailyQueries;

    /// <summary>State of the monthly query <see cref="Quota"/>.</summary>
    public ulong MonthlyQueries;

    /// <summary>State of the daily cost <see cref="Quota"/>.</summary>
    public ulong DailyCost;

    /// <summary>State of the monthly cost <see cref="Quota"/>.</summary>
    public ulong MonthlyCost;

    /// <summary>Posture (lowest byte), <see cref="CallerFlags"/> (next byte), dossier number plus one (upper half).</summary>
    public ulong Standing;

    /// <summary>Queries the caller is known to have asked before it got this record: a lower bound.</summary>
    public uint Before;

    /// <summary>Share of the model that the caller has learned, 0 to 1, for the detection that builds on it.</summary>
    public float Odometer;

    /// <summary>Calls, queries, refusals, cost.</summary>
    public CallCounters Counters;

    /// <summary>Queries equal to the caller's query just before.</summary>
    public long Repeated;

    /// <summary>First half of the digest of the caller's latest query.</summary>
    public ulong LatestDigest;

    /// <summary>From when on the record is as good as fresh, in nanoseconds of the shield's clock; long.MaxValue for never.</summary>
    public readonly long FreshAt
    {
        get
        {
            return Volatile.Read(in Standing) != 0 || Volatile.Read(in Odometer) != 0 ? long.MaxValue : WornOffAt;
        }
    }

    /// <summary>From when on nothing that was charged counts, in nanoseconds of the shield's clock.</summary>
    public readonly long WornOffAt
    {
        get
        {
            long quotas = Math.Max(
                Math.Max(Quota.FreshAt(Volatile.Read(in DailyQueries)), Quota.FreshAt(Volatile.Read(in MonthlyQueries))),
                Math.Max(Quota.FreshAt(Volatile.Read(in DailyCost)), Quota.FreshAt(Volatile.Read(in MonthlyCost))));
            return Math.Max(Gcra.TimeOf(Volatile.Read(in Arrival)), quotas);
        }
    }

    /// <summary>Queries the caller is known to have been answered. Refused ones do not count: they cost nothing, so there may be any number.</summary>
    public readonly long Asked => Counters.AdmittedWith(in Arrival) + Volatile.Read(in Before);

    public readonly Posture Posture => (Posture)(Volatile.Read(in Standing) & 0xff);

    public readonly CallerFlags Flags => (CallerFlags)((Volatile.Read(in Standing) >> FlagsShift) & 0xff);

    /// <summary>The number of the caller's dossier; -1 if it has none.</summary>
    public readonly int Dossier => (int)(Volatile.Read(in Standing) >> 32) - 1;

    /// <summary>Charges one query at the price of one unit, and counts it, in one atomic operation; or refuses it.</summary>
    /// <param name="rate">The limit.</param>
    /// <param name="now">Nanoseconds of the shield's clock.</param>
    /// <param name="wait">Nanoseconds until it is admitted; 0 if it was.</param>
    /// <param name="isRound">True once in so many queries as fit into the word's count: for what need not be looked at every time.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryChargeAndCount(Gcra rate, long now, out long wait, out bool isRound)
    {
        // Ends as Gcra.TryCharge does; a full count is emptied by one of the threads that find it so.
        while (true)
        {
            long stored = Volatile.Read(ref Arrival);
            isRound = (stored & Gcra.CountMask) == 0;
            if ((stored & Gcra.CountMask) == Gcra.CountMask)
            {
                Counters.TakeOver(ref Arrival, stored);
                continue;
            }

            long next = rate.Next(stored, now, 1, out wait);
            if (wait > 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref Arrival, next + 1, stored) == stored)
            {
                wait = 0;
                return true;
            }
        }
    }

    /// <summary>Takes back what <see cref="TryChargeAndCount"/> charged and counted.</summary>
    public void TakeBack(Gcra rate, long chargedAt, ShieldClock? clock)
    {
        // In this order: as long as the charge stands, the record is not fresh, and nobody takes the count for departed.
        Counters.Uncount(ref Arrival);
        rate.Refund(ref Arrival, 1, chargedAt, clock);
    }

    /// <summary>Takes away all that was counted, for another caller, unless somebody has charged the record since its word was read.</summary>
    /// <param name="word">The word as read.</param>
    /// <param name="admitted">Queries admitted until then.</param>
    /// <remarks>A query that is charged after this is counted in the word, and taken back there by a thread that finds the record gone.
    /// One that was charged before and had worn off by now, because its thread was held up with an old time, is one too many for
    /// this caller and one too few for the next.</remarks>
    public bool TryClear(long word, out long admitted)
    {
        admitted = 0;
        if (Interlocked.CompareExchange(ref Arrival, word & ~Gcra.CountMask, word) != word)
        {
            return false;
        }

        admitted = Math.Max(0, Counters.Clear() + Gcra.CountOf(word));
        return true;
    }

    /// <summary>Changes some bits of the standing.</summary>
    public void SetStanding(ulong bits, ulong mask)
    {
        ulong seen = Volatile.Read(ref Standing);
        while (true)
        {
            // Ends: a failure means that somebody else's change got through, and those are rare.
            ulong before = Interlocked.CompareExchange(ref Standing, (seen & ~mask) | bits, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    public void SetDossier(int dossier) => SetStanding((ulong)(uint)(dossier + 1) << 32, ~DecidingStanding);

    public readonly CallerStatistics ToStatistics()
    {
        // A repeat is counted after its query, so it is read before: never more repeats than queries.
        long repeated = Volatile.Read(in Repeated);
        CallCounts counts = Counters.Read(in Arrival);
        return new CallerStatistics
        {
            Calls = counts.Calls,
            Admitted = counts.Admitted,
            RefusedCalls = counts.RefusedCalls,
            Refused = counts.Refused,
            Repeated = repeated,
            Cost = counts.Cost,
            Posture = Posture,
        };
    }
}
