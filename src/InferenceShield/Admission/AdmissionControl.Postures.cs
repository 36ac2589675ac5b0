namespace InferenceShield;

/// <content>What detection decides about callers.</content>
internal sealed partial class AdmissionControl
{
    private const ulong PostureMask = 0xff;

    /// <summary>Sets a caller's automatic posture, from its next query on. An operator's override wins over it.</summary>
    /// <param name="caller">Whom. A caller with a posture keeps its record until it is Normal again.</param>
    /// <param name="posture">How it is to be treated.</param>
    /// <returns>False if it has no record and there is no room for one: then it is served from the record that newcomers share, as Normal.</returns>
    /// <remarks>For one thread at a time: the only one that writes postures.</remarks>
    public bool SetPosture(CallerKey caller, Posture posture)
    {
        while (true)
        {
            // Each further round means that the record was given to somebody else meanwhile. That ends: a record with a posture is never given away.
            long now = _clock.Now;
            int slot = Callers.FindForSure(caller, now, adds: posture != Posture.Normal);
            if (!HasRecord(slot))
            {
                return posture == Posture.Normal;
            }

            ref CallerRecord record = ref Callers[slot];
            Posture before = record.Posture;
            record.SetStanding((ulong)posture, PostureMask);

            // After the swap (a full fence): either the evicting thread saw the posture and gave the record back, or this one sees that it is gone.
            if (!Callers.IsOwner(slot, caller) && Callers.FindForSure(caller, now, adds: false) != slot)
            {
                record.SetStanding(0, PostureMask); // it is somebody else's, for whom nobody can have set one yet
                continue;
            }

            if ((before >= Posture.Restricted) != (posture >= Posture.Restricted) && _plan.Throttled is { } throttled && Overrides.Find(caller)?.Limit is null)
            {
                // No gate: a query decided by the other rate just now makes the debt wrong by that query.
                (Limit from, Limit to) = before >= Posture.Restricted ? (throttled, _plan.Caller) : (_plan.Caller, throttled);
                to.Rate.Restate(ref record.Arrival, from.Rate, now);
            }

            if (posture != Posture.Normal && record.Dossier < 0)
            {
                Dossiers.TryOpen(Callers, slot, caller, now);
            }

            return true;
        }
    }

    /// <summary>A caller's automatic posture.</summary>
    public Posture AutomaticPosture(CallerKey caller)
    {
        int slot = Callers.Find(caller);
        return HasRecord(slot) ? Callers[slot].Posture : Posture.Normal;
    }

    /// <summary>Share of the caller's daily query quota that is used; 0 if it has none.</summary>
    public double DailyShare(CallerKey caller)
    {
        int slot = Callers.Find(caller);
        Quota quota = (Overrides.Find(caller)?.Limit ?? _plan.Caller).DailyQueries;
        if (!quota.IsSet || !HasRecord(slot))
        {
            return 0;
        }

        CalendarWindow calendar = _clock.Calendar(_clock.Now);
        return (double)Quota.Used(Volatile.Read(in Callers[slot].DailyQueries), calendar.DayEnd) / quota.Limit;
    }

    /// <summary>How a caller is treated: as the operator says, else by its automatic posture, unless it is exempt from those.</summary>
    private static Posture Treat(CompiledOverride? found, Posture automatic) =>
        found is null ? automatic : found.Posture ?? (found.Exempt ? Posture.Normal : automatic);

    /// <summary>The limit of a caller with a record and no limit by override.</summary>
    private static Limit LimitOf(ShieldPlan plan, Posture automatic) => automatic >= Posture.Restricted && plan.Throttled is { } throttled ? throttled : plan.Caller;
}
