using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>At which minutes and hours callers ask. Fixed memory, about 1 MB; no allocation.</summary>
/// <remarks>Many threads note, one measures. Nothing is locked and increments may be lost or fall to a neighbour: these numbers are shown,
/// and decide nothing. A caller whose place another holds is left out until that one was silent for an hour.</remarks>
internal sealed class CallerActivity
{
    private const int PlaceBits = 14;
    private const int Hours = 24;
    private const int FewestInBusyMinute = 8;
    private const float BusyFactor = 3;
    private const int Minutes = 64;
    private const long Minute = 60_000_000_000;

    private readonly Place[] _places = new Place[1 << PlaceBits];
    private long _untracked;

    /// <summary>Notes a query.</summary>
    public void Note(CallerKey caller, long now)
    {
        ref Place place = ref _places[PlaceOf(caller)];
        long minute = MinuteOf(now);
        if (place.Owner != caller.Low)
        {
            if (place.Owner != 0 && Math.Abs(minute - place.Minute) < Minutes)
            {
                _untracked++;
                return;
            }

            place = default;
            place.Owner = caller.Low;
            place.Minute = minute;
            place.Mean = float.PositiveInfinity; // of one minute it is not known what is usual
        }

        if (place.Minute != minute)
        {
            Turn(ref place, minute);
        }

        place.Count++;
        ref byte hour = ref place.Hours[(int)(((minute / 60 % Hours) + Hours) % Hours)];
        if (++hour == byte.MaxValue)
        {
            Halve(ref place);
        }
    }

    /// <summary>Measures the last hour.</summary>
    public CrossCallerSignals Measure(IReadOnlyList<CampaignReport> campaigns, double nearQueryShare, long now)
    {
        long minute = MinuteOf(now);
        Group all = new();
        foreach (ref Place place in _places.AsSpan())
        {
            Place copy = place;
            if (copy.Owner != 0 && Math.Abs(minute - copy.Minute) < Minutes)
            {
                all.Add(in copy, minute);
            }
        }

        List<CampaignActivity> activities = [];
        foreach (CampaignReport campaign in campaigns)
        {
            Group group = new();
            foreach (CallerKey caller in campaign.Callers)
            {
                Place copy = _places[PlaceOf(caller)];
                if (copy.Owner == caller.Low && Math.Abs(minute - copy.Minute) < Minutes)
                {
                    group.Add(in copy, minute);
                }
            }

            activities.Add(new CampaignActivity(campaign.Id, group.Callers, group.Synchrony, group.HourDistance(all)));
        }

        return new CrossCallerSignals
        {
            Callers = all.Callers,
            Untracked = Volatile.Read(ref _untracked),
            NearQueryShare = nearQueryShare,
            BusiestMinute = all.Callers == 0 ? 0 : (double)all.Busy.Max() / all.Callers,
            MeanMinute = all.Callers == 0 ? 0 : all.Busy.Average() / all.Callers,
            Synchrony = all.Synchrony,
            Campaigns = activities,
        };
    }

    private static int PlaceOf(CallerKey caller) => (int)((caller.High * 0x9E3779B97F4A7C15) >> (64 - PlaceBits));

    private static long MinuteOf(long now) => (now >= 0 ? now : now - (Minute - 1)) / Minute;

    /// <summary>Ends a minute; those in between were silent.</summary>
    private static void Turn(ref Place place, long minute)
    {
        long passed = minute - place.Minute;
        place.Minute = minute;
        if (passed > 0)
        {
            ulong isBusy = place.Count >= FewestInBusyMinute && place.Count > BusyFactor * place.Mean ? 1UL : 0;
            place.Busy = passed <= Minutes ? ((passed == Minutes ? 0 : place.Busy << (int)passed) | (isBusy << (int)(passed - 1))) : 0;
            float mean = float.IsFinite(place.Mean) ? place.Mean : place.Count;
            place.Mean = (mean + ((place.Count - mean) / 16)) * MathF.Pow(15f / 16, Math.Min(passed - 1, Minutes));
        }

        place.Count = 0;
    }

    private static void Halve(ref Place place)
    {
        for (int hour = 0; hour < Hours; hour++)
        {
            place.Hours[hour] >>= 1;
        }
    }

    private struct Place
    {
        public ulong Owner;

        /// <summary>Of the latest query.</summary>
        public long Minute;

        /// <summary>Bit i: whether minute - 1 - i was busy.</summary>
        public ulong Busy;

        /// <summary>Queries in this minute, and in an average one.</summary>
        public int Count;
        public float Mean;
        public HourCounts Hours;
    }

    [InlineArray(CallerActivity.Hours)]
    private struct HourCounts
    {
        private byte _first;
    }

    private sealed class Group
    {
        private readonly double[] _hours = new double[Hours];
        private long _busyMinutes;

        /// <summary>Callers that were busy, by how many minutes ago.</summary>
        public long[] Busy { get; } = new long[60];

        public int Callers { get; private set; }

        /// <summary>Over pairs, the sum of what they share over the sum of what either has.</summary>
        public double Synchrony
        {
            get
            {
                double shared = Busy.Sum(count => count * (count - 1) / 2.0);
                double either = ((Callers - 1.0) * _busyMinutes) - shared;
                return either > 0 ? shared / either : 0;
            }
        }

        public void Add(in Place place, long minute)
        {
            Callers++;
            long ago = minute - place.Minute;
            ulong busy = ago < 0 ? 0 : place.Busy;
            for (; busy != 0; busy &= busy - 1)
            {
                long at = ago + BitOperations.TrailingZeroCount(busy);
                if (at < Busy.Length)
                {
                    Busy[at]++;
                    _busyMinutes++;
                }
            }

            double sum = 0;
            for (int hour = 0; hour < Hours; hour++)
            {
                sum += place.Hours[hour];
            }

            for (int hour = 0; hour < Hours && sum > 0; hour++)
            {
                _hours[hour] += place.Hours[hour] / sum; // each caller counts once
            }
        }

        public double HourDistance(Group all)
        {
            double distance = 0;
            for (int hour = 0; hour < Hours && Callers > 0; hour++)
            {
                distance += Math.Abs((_hours[hour] / Callers) - (all._hours[hour] / all.Callers)) / 2;
            }

            return distance;
        }
    }
}
