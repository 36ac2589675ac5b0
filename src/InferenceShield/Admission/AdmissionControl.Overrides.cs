using System.Numerics;

namespace InferenceShield;

/// <content>What operators and reloads change.</content>
internal sealed partial class AdmissionControl
{
    /// <summary>Puts an operator's decision about a caller into force. Under the overrides' lock.</summary>
    /// <param name="caller">Whom.</param>
    /// <param name="before">What was decided before.</param>
    /// <param name="after">What is decided now.</param>
    /// <param name="publish">Makes it what queries are decided by.</param>
    public void Apply(CallerKey caller, CompiledOverride? before, CompiledOverride? after, Action publish)
    {
        // Not FindOrAdd, which may give up on a record that is just not to be had: this one has to be found.
        long now = _clock.Now;
        int slot = Callers.FindForSure(caller, now, adds: after is not null);
        bool hasRecord = HasRecord(slot);
        if (hasRecord && after is not null)
        {
            Mark(slot, caller, after, now); // from here on it cannot be evicted
        }

        Gcra own = _plan.Caller.Rate;
        Gcra from = before?.Limit?.Rate ?? own;
        Gcra to = after?.Limit?.Rate ?? own;
        if (hasRecord && from != to)
        {
            Gate.WhileClosed(() =>
            {
                if (Callers.IsOwner(slot, caller))
                {
                    to.Restate(ref Callers[slot].Arrival, from, _clock.Now);
                }

                publish();
            });
        }
        else
        {
            publish();
        }

        // Looked for again: a record made before the override was known bears no mark. Those made from now on do.
        slot = Callers.FindForSure(caller, now, adds: false);
        if (HasRecord(slot))
        {
            Mark(slot, caller, after, now);
        }
    }

    private bool HasRecord(int slot) => slot != CallerTable.None && slot != Callers.OverflowSlot;

    /// <summary>Puts another plan into force: what was used up stays the same number of queries.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="publish">Makes it the one that queries are decided by.</param>
    /// <remarks>Where rates change, queries wait meanwhile. A limit that is taken away altogether and set again later knows only
    /// what is owed by its new rate.</remarks>
    public void Reload(ShieldPlan plan, Action publish) => Overrides.WhileUnchanged(() =>
    {
        ShieldPlan before = _plan;
        if (plan.HasSameRates(before))
        {
            _plan = plan;
            publish();
            return;
        }

        Gate.WhileClosed(() =>
        {
            Restate(plan, before, _clock.Now);
            _plan = plan;
            publish();
        });
    });

    private void Restate(ShieldPlan plan, ShieldPlan before, long now)
    {
        if (plan.Caller.Rate != before.Caller.Rate || plan.Throttled?.Rate != before.Throttled?.Rate)
        {
            foreach ((CallerKey caller, int slot) in Callers.Enumerate())
            {
                if ((Callers[slot].Flags & CallerFlags.Overridden) == 0 || Overrides.Find(caller)?.Limit is null)
                {
                    Posture posture = Callers[slot].Posture;
                    LimitOf(plan, posture).Rate.Restate(ref Callers[slot].Arrival, LimitOf(before, posture).Rate, now);
                }
            }
        }

        plan.Overflow.Rate.Restate(ref Callers[Callers.OverflowSlot].Arrival, before.Overflow.Rate, now);
        Restate(Tenants, plan.Tenant, before.Tenant, now);
        Restate(Networks, plan.Network, before.Network, now);
        if (plan.Model is { } model && before.Model is { } modelBefore)
        {
            model.Rate.Restate(ref Model.Arrival, modelBefore.Rate, now);
        }
    }

    private static void Restate(CallerTable table, Limit? limit, Limit? before, long now)
    {
        if (limit is null || before is null || limit.Rate == before.Rate)
        {
            return;
        }

        foreach ((_, int slot) in table.Enumerate())
        {
            limit.Rate.Restate(ref table[slot].Arrival, before.Rate, now);
        }

        limit.Rate.Restate(ref table[table.OverflowSlot].Arrival, before.Rate, now);
    }

    private const ulong Marks = (ulong)(CallerFlags.Overridden | CallerFlags.Watched) << CallerRecord.FlagsShift;

    private static ulong StandingOf(CompiledOverride? found) => (ulong)(found switch
    {
        null => CallerFlags.None,
        { Watched: true } => CallerFlags.Overridden | CallerFlags.Watched,
        _ => CallerFlags.Overridden,
    }) << CallerRecord.FlagsShift;

    /// <summary>What an operator or the shield has decided about this caller.</summary>
    /// <param name="plan">The limits.</param>
    /// <param name="slot">The caller's slot.</param>
    /// <param name="caller">Whom.</param>
    /// <param name="isUnmarked">Whether the record may lack the mark of an override.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="own">The limit, replaced by that of an override.</param>
    /// <param name="posture">How the caller is to be treated.</param>
    /// <param name="isRevoked">Whether a blocked caller is refused whatever the options say.</param>
    /// <param name="withoutMarks">Whether the caller's answers carry no mark.</param>
    /// <returns>Whether no limit of its own applies.</returns>
    private bool ApplyStanding(ShieldPlan plan, int slot, CallerKey caller, bool isUnmarked, long now, ref Limit own, out Posture posture, out bool isRevoked, out bool withoutMarks)
    {
        isRevoked = false;
        withoutMarks = false;
        ref CallerRecord record = ref Callers[slot];
        posture = slot == Callers.OverflowSlot ? Posture.Normal : record.Posture;
        bool isMarked = slot != Callers.OverflowSlot && (record.Flags & CallerFlags.Overridden) != 0;
        if (slot != Callers.OverflowSlot && posture >= Posture.Restricted)
        {
            own = LimitOf(plan, posture);
        }

        if (!isMarked && !(isUnmarked && Overrides.Count > 0))
        {
            return false;
        }

        if (Overrides.Find(caller) is not { } found)
        {
            if (isMarked)
            {
                Overrides.TryUnmark(caller, slot); // meant for the caller that had the record before
            }

            return false;
        }

        Posture automatic = posture;
        posture = Treat(found, automatic);
        isRevoked = found.IsRevoked;
        withoutMarks = found.Unmarked;
        if (slot != Callers.OverflowSlot)
        {
            own = found.Limit ?? LimitOf(plan, posture == automatic ? automatic : Posture.Normal); // in a record of its own only: the shared one is kept in the shared rate

            // A watched caller that got no dossier, because another thread was opening one, asks for it again, ever more rarely.
            if (!isMarked || (found.Watched && record.Dossier < 0 && BitOperations.IsPow2(record.Asked + 1)))
            {
                Mark(slot, caller, found, now);
                if (Overrides.Find(caller) is null)
                {
                    Overrides.TryUnmark(caller, slot); // taken back just now
                }
            }
        }

        return found.Unlimited;
    }

    /// <summary>Marks a record as its caller's override wants it: with one it is never evicted.</summary>
    /// <remarks>Queries only ever set marks; only who holds the overrides' lock takes them away. So no mark of an override in force is lost.
    /// One that lands on a record that has just gone to somebody else goes with that caller's next query.</remarks>
    private void Mark(int slot, CallerKey caller, CompiledOverride? callerOverride, long now)
    {
        ref CallerRecord record = ref Callers[slot];
        ulong mark = StandingOf(callerOverride);
        record.SetStanding(mark, callerOverride is null || Overrides.IsHeld ? Marks : mark);
        if (callerOverride is { Watched: true } && record.Dossier < 0 && Callers.IsOwner(slot, caller))
        {
            Dossiers.TryOpen(Callers, slot, caller, now);
        }
    }

    /// <summary>Takes the marks of overrides from a record. Under the overrides' lock.</summary>
    public void Unmark(int slot) => Callers[slot].SetStanding(0, Marks);
}
