using System.Numerics;

namespace InferenceShield;

/// <content>What operators and reloads change.</content>
internal sealed partial class AdmissionControl
{
    /// <summary>Puts an operator's decision about a caller into force.</summary>
    public void Apply(CallerKey caller, CompiledOverride? before, CompiledOverride? after)
    {
        long now = _clock.Now;
        for (int attempt = 0; attempt < MostTries; attempt++)
        {
            int slot = after is null ? Callers.Find(caller) : Callers.FindOrAdd(caller, now);
            if (slot == CallerTable.None || slot == Callers.OverflowSlot)
            {
                return; // whoever has no record is looked up among the overrides at every call
            }

            // While the mark keeps the record from being evicted: once it is gone, the next query may be another caller's.
            Gcra own = _plan.Caller.Rate;
            if (after is null)
            {
                own.Restate(ref Callers[slot].Arrival, before?.Limit?.Rate ?? own, now);
            }

            if (TryMark(slot, caller, now))
            {
                if (after is not null)
                {
                    (after.Limit?.Rate ?? own).Restate(ref Callers[slot].Arrival, before?.Limit?.Rate ?? own, now);
                }

                return;
            }
        }
    }

    /// <summary>Puts another plan into force: what was used up stays the same number of queries.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="publish">Makes it the one that queries are decided by.</param>
    /// <param name="now">Nanoseconds of the shield's clock.</param>
    /// <remarks>Debts under a rate that gets tighter are restated before, the others after: in between a debt counts for more, never for
    /// less. Queries under way still charge by the plan they began with.</remarks>
    public void Reload(ShieldPlan plan, Action publish, long now) => Overrides.WhileUnchanged(() =>
    {
        ShieldPlan before = _plan;
        Restate(plan, before, now, tighter: true);
        _plan = plan;
        publish();
        Restate(plan, before, now, tighter: false);
    });

    private void Restate(ShieldPlan plan, ShieldPlan before, long now, bool tighter)
    {
        if (plan.Caller.Rate.IsTighterThan(before.Caller.Rate) == tighter)
        {
            foreach ((CallerKey caller, int slot) in Callers.Enumerate())
            {
                if ((Callers[slot].Flags & CallerFlags.Overridden) == 0 || Overrides.Find(caller)?.Limit is null)
                {
                    plan.Caller.Rate.Restate(ref Callers[slot].Arrival, before.Caller.Rate, now);
                }
            }
        }

        if (plan.Overflow.Rate.IsTighterThan(before.Overflow.Rate) == tighter)
        {
            plan.Overflow.Rate.Restate(ref Callers[Callers.OverflowSlot].Arrival, before.Overflow.Rate, now);
        }

        Restate(Tenants, plan.Tenant, before.Tenant, now, tighter);
        Restate(Networks, plan.Network, before.Network, now, tighter);
        if (plan.Model is { } model && before.Model is { } modelBefore && model.Rate.IsTighterThan(modelBefore.Rate) == tighter)
        {
            model.Rate.Restate(ref Model.Arrival, modelBefore.Rate, now);
        }
    }

    private static void Restate(CallerTable table, Limit? limit, Limit? before, long now, bool tighter)
    {
        if (limit is null || before is null || limit.Rate.IsTighterThan(before.Rate) != tighter)
        {
            return;
        }

        foreach ((_, int slot) in table.Enumerate())
        {
            limit.Rate.Restate(ref table[slot].Arrival, before.Rate, now);
        }

        limit.Rate.Restate(ref table[table.OverflowSlot].Arrival, before.Rate, now);
    }

    private static ulong StandingOf(CompiledOverride? found) => (ulong)(found switch
    {
        null => CallerFlags.None,
        { Watched: true } => CallerFlags.Overridden | CallerFlags.Watched,
        _ => CallerFlags.Overridden,
    }) << CallerRecord.FlagsShift;

    /// <summary>What an operator or the shield has decided about this caller.</summary>
    /// <param name="slot">The caller's slot.</param>
    /// <param name="caller">Whom.</param>
    /// <param name="isUnmarked">Whether the record may lack the mark of an override.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="own">The limit, replaced by that of an override.</param>
    /// <param name="posture">How the caller is to be treated.</param>
    /// <returns>Whether no limit of its own applies.</returns>
    private bool ApplyStanding(int slot, CallerKey caller, bool isUnmarked, long now, ref Limit own, out Posture posture)
    {
        ref CallerRecord record = ref Callers[slot];
        posture = slot == Callers.OverflowSlot ? Posture.Normal : record.Posture;
        bool isMarked = slot != Callers.OverflowSlot && (record.Flags & CallerFlags.Overridden) != 0;
        if (!isMarked && !(isUnmarked && Overrides.Count > 0))
        {
            return false;
        }

        if (Overrides.Find(caller) is not { } found)
        {
            if (isMarked)
            {
                TryMark(slot, caller, now); // taken back just now, or meant for the caller that had the record before
            }

            return false;
        }

        posture = found.Posture ?? posture;
        if (slot != Callers.OverflowSlot)
        {
            own = found.Limit ?? own; // in a record of its own only: the shared one is kept in the shared rate

            // A watched caller that got no dossier, because another thread was opening one, asks for it again, ever more rarely.
            if (!isMarked || (found.Watched && record.Dossier < 0 && BitOperations.IsPow2(record.Asked + 1)))
            {
                TryMark(slot, caller, now);
            }
        }

        return found.Unlimited;
    }

    /// <summary>Marks a record with what the overrides say of its caller: with an override it is never evicted.</summary>
    /// <returns>False if the record went to somebody else meanwhile.</returns>
    /// <remarks>Whoever writes a mark looks among the overrides again afterwards (the write is a full fence), and an override is
    /// changed before its mark is. So the last one to write has written what holds, however late it was.</remarks>
    private bool TryMark(int slot, CallerKey caller, long now)
    {
        const ulong Mask = (ulong)(CallerFlags.Overridden | CallerFlags.Watched) << CallerRecord.FlagsShift;
        ref CallerRecord record = ref Callers[slot];
        CompiledOverride? found;
        do
        {
            found = Overrides.Find(caller);
            record.SetStanding(StandingOf(found), Mask);
        }
        while (Overrides.Find(caller) != found);

        // After the write: either the evicting thread saw the mark, or this one sees that the record is gone.
        if (!Callers.IsOwner(slot, caller))
        {
            // The mark is somebody else's now. A caller that has not published its key yet looks itself when it first asks.
            if (Callers.TryGetKey(slot, out CallerKey owner) && owner != caller)
            {
                TryMark(slot, owner, now);
            }

            return false;
        }

        if (found is { Watched: true } && record.Dossier < 0)
        {
            Dossiers.TryOpen(Callers, slot, caller, now);
        }

        return true;
    }
}
