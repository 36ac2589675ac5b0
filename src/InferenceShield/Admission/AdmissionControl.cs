using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>Decides who may ask: every limit of caller, tenant, network, model and all models is charged, or none of them.</summary>
/// <remarks>
/// A call is checked against all limits first, which gives the longest wait, and charged afterwards, one limit after the
/// other. Should one of them refuse now, because another thread was faster, or should a record have changed hands, what
/// was charged is taken back and everything begins again. So what was admitted never exceeds a limit, and a refusal
/// charges nothing; while a charge that will be taken back stands, others may be refused that need not be.
/// </remarks>
internal sealed partial class AdmissionControl
{
    /// <summary>Each retry means that another thread got through; a caller that loses so often asks too much at once.</summary>
    private const int MostTries = 16;

    private const long BlockedWait = 86_400_000_000_000;

    private readonly ShieldClock _clock;
    private readonly CallerRecord[] _model = new CallerRecord[1];
    private readonly GlobalLimit? _global;
    private readonly CallerRecord[] _fresh = new CallerRecord[1]; // never written
    private volatile ShieldPlan _plan;

    public AdmissionControl(ShieldClock clock, ShieldPlan plan, CallerTable callers, DossierTable dossiers, GlobalLimit? global = null)
    {
        _global = global;
        _clock = clock;
        _plan = plan;
        Callers = callers;
        Dossiers = dossiers;
        Tenants = new CallerTable(plan.TenantCapacity);
        Networks = new CallerTable(plan.NetworkCapacity);
        Overrides = new CallerOverrides(this);
        callers.StandingOf = caller => Overrides.Count == 0 ? 0 : StandingOf(Overrides.Find(caller));
    }

    /// <summary>What all models may be asked together; null if there is no such limit.</summary>
    public GlobalLimit? Global => _global;

    /// <summary>Closed while limits change.</summary>
    public Gate Gate { get; } = new();

    public CallerTable Callers { get; }

    public DossierTable Dossiers { get; }

    public CallerTable Tenants { get; }

    public CallerTable Networks { get; }

    public CallerOverrides Overrides { get; }

    /// <summary>The record that the model's own limit is kept in.</summary>
    public ref CallerRecord Model => ref _model[0];

    private ref CallerRecord GlobalRecord => ref _global is null ? ref _fresh[0] : ref _global.Record;

    /// <summary>For a caller alone.</summary>
    /// <param name="plan">The limits.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="rows">Queries.</param>
    /// <param name="now">Nanoseconds of the shield's clock.</param>
    /// <param name="countsRefusal">False where a refusal will be asked about again.</param>
    public AdmissionDecision Decide(ShieldPlan plan, CallerKey caller, int rows, long now, bool countsRefusal)
    {
        int slot = Callers.Find(caller);
        return rows == 1 && TryAdmitOne(plan, caller, slot, now, out int dossier, out Posture posture)
            ? AdmissionDecision.Admitted(slot, dossier, posture)
            : DecideByKey(plan, caller, slot, rows, now, countsRefusal);
    }

    /// <summary>For a caller looked up before, with tenant and network.</summary>
    /// <inheritdoc cref="Decide(ShieldPlan, CallerKey, int, long, bool)"/>
    public AdmissionDecision Decide(ShieldPlan plan, CallerHandle handle, int rows, long now, bool countsRefusal)
    {
        int slot = Volatile.Read(ref handle.Slots.Caller);
        return rows == 1 && !handle.HasGroups && TryAdmitOne(plan, handle.Caller, slot, now, out int dossier, out Posture posture)
            ? AdmissionDecision.Admitted(slot, dossier, posture)
            : DecideByHandle(plan, handle, rows, now, countsRefusal);
    }

    /// <summary>What a caller could ask now. Charges, counts and remembers nothing.</summary>
    /// <param name="plan">The limits.</param>
    /// <param name="handle">Who would ask.</param>
    /// <param name="now">Nanoseconds of the shield's clock.</param>
    /// <returns>Queries it could ask at once, and what would be decided about one.</returns>
    public (long Available, AdmissionDecision One) Peek(ShieldPlan plan, CallerHandle handle, long now)
    {
        CompiledOverride? found = Overrides.Find(handle.Caller);
        bool overflows = Callers.Find(handle.Caller) == CallerTable.None && !Callers.HasRoom(handle.Caller, now);
        ref CallerRecord record = ref FindRecord(Callers, handle.Caller, now);
        Posture posture = Treat(found, record.Posture);
        if (posture == Posture.Blocked && (plan.RefusesBlocked || found is { IsRevoked: true }))
        {
            return (0, new AdmissionDecision(AdmissionReason.Blocked, AdmissionLevel.Caller, Posture.Blocked, BlockedWait, CallerTable.None, -1));
        }

        bool unlimited = found is { Unlimited: true };
        Bill bill = new()
        {
            Caller = unlimited ? null : overflows ? plan.Overflow : found?.Limit ?? LimitOf(plan, found is null ? record.Posture : posture),
            Tenant = unlimited || handle.Tenant.IsEmpty ? null : plan.Tenant,
            Network = unlimited || handle.Network.IsEmpty ? null : plan.Network,
            Model = plan.Model,
            Global = _global?.Limit,
        };
        bill.CallerRecord = ref record;
        bill.TenantRecord = ref FindRecord(Tenants, handle.Tenant, now);
        bill.NetworkRecord = ref FindRecord(Networks, handle.Network, now);
        bill.ModelRecord = ref Model;
        bill.GlobalRecord = ref GlobalRecord;
        Charge one = MakeCharge(plan, 1, now, withQuotas: true);
        long wait = bill.WaitFor(in one, out AdmissionReason reason, out AdmissionLevel level);

        // Of the numbers of rows, those that would be admitted come first: least is one of them, most is not.
        int least = 0;
        int most = bill.Burst + 1;
        while (least + 1 < most)
        {
            int rows = (least + most) / 2;
            Charge charge = one with { Rows = rows, Cost = plan.CostOf(rows) };
            if (bill.WaitFor(in charge, out _, out _) == 0)
            {
                least = rows;
            }
            else
            {
                most = rows;
            }
        }

        return (least, new AdmissionDecision(reason, level, posture, wait, CallerTable.None, -1));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private AdmissionDecision DecideByKey(ShieldPlan plan, CallerKey caller, int slot, int rows, long now, bool countsRefusal)
    {
        CallerSlots slots = new() { Caller = slot };
        return TryDecideQuickly(plan, caller, slot, rows, now, countsRefusal, out AdmissionDecision decision)
            ? decision
            : Decide(plan, caller, default, default, ref slots, rows, now, countsRefusal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private AdmissionDecision DecideByHandle(ShieldPlan plan, CallerHandle handle, int rows, long now, bool countsRefusal) =>
        !handle.HasGroups
        && TryDecideQuickly(plan, handle.Caller, Volatile.Read(ref handle.Slots.Caller), rows, now, countsRefusal, out AdmissionDecision decision)
            ? decision
            : Decide(plan, handle.Caller, handle.Tenant, handle.Network, ref handle.Slots, rows, now, countsRefusal);

    /// <summary>The commonest case, in one atomic operation: one query, at the price of one unit, of a known caller without
    /// marks with nothing but its own rate to keep, admitted at the first attempt.</summary>
    /// <returns>False if it is anything else; then nothing is charged.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAdmitOne(ShieldPlan plan, CallerKey caller, int slot, long now, out int dossier, out Posture posture)
    {
        dossier = -1;
        posture = Posture.Normal;
        if (!plan.IsPlain || _global is not null || !Callers.IsOwner(slot, caller))
        {
            return false;
        }

        ref CallerRecord record = ref Callers[slot];
        ulong standing = Volatile.Read(ref record.Standing);
        if ((uint)standing > plan.OrdinaryStanding || !plan.CallerRate.TryChargeOne(ref record.Arrival, now))
        {
            return false;
        }

        // After the charge (a full fence): see the invariant of CallerTable.
        if (Volatile.Read(ref record.KeyHigh) != caller.High)
        {
            record.TakeBack(plan.CallerRate, now, _clock);
            return false;
        }

        dossier = (int)(standing >> 32) - 1;
        posture = (Posture)(byte)standing;
        return true;
    }

    /// <summary>The common case: a known caller without marks, in whatever posture that is answered, with nothing but its own rate to keep.</summary>
    /// <returns>False if it is not that case, or the record changed hands; then nothing is charged.</returns>
    private bool TryDecideQuickly(
        ShieldPlan plan, CallerKey caller, int slot, int rows, long now, bool countsRefusal, out AdmissionDecision decision)
    {
        decision = default;
        if (!plan.HasCallerRateOnly || _global is not null || !Callers.IsOwner(slot, caller))
        {
            return false;
        }

        ref CallerRecord record = ref Callers[slot];
        ulong standing = Volatile.Read(ref record.Standing);
        if ((uint)standing > plan.OrdinaryStanding)
        {
            return false;
        }

        Posture posture = (Posture)(byte)standing;
        int dossier = (int)(standing >> 32) - 1;
        Gcra rate = plan.CallerRate;
        bool isSingle = rows == 1 && plan.HasUnitPrice;
        bool mayMatter = true;
        long wait;
        if (!(isSingle ? record.TryChargeAndCount(rate, now, out wait, out mayMatter) : rate.TryCharge(ref record.Arrival, now, rows, out wait)))
        {
            if (countsRefusal)
            {
                CountRefused(slot, CallerTable.None, CallerTable.None, rows);
            }

            decision = new AdmissionDecision(AdmissionReason.Rate, AdmissionLevel.Caller, posture, wait, slot, dossier);
            return true;
        }

        // After the charge (a full fence): see the invariant of CallerTable.
        if (!Callers.IsOwner(slot, caller))
        {
            if (isSingle)
            {
                record.TakeBack(rate, now, _clock);
            }
            else
            {
                rate.Refund(ref record.Arrival, rows, now, _clock);
            }

            return false;
        }

        if (!isSingle)
        {
            record.Counters.CountAdmitted(rows, plan.CostOf(rows));
        }

        if (mayMatter && dossier < 0 && record.Asked >= Dossiers.Floor)
        {
            dossier = Dossiers.TryOpen(Callers, slot, caller, now);
        }

        decision = AdmissionDecision.Admitted(slot, dossier, posture);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private AdmissionDecision Decide(
        ShieldPlan plan, CallerKey caller, CallerKey tenant, CallerKey network, ref CallerSlots slots, int rows, long now, bool countsRefusal)
    {
        if (_global is { Gate.IsClosed: true })
        {
            _global.Gate.Wait();
        }

        Charge charge = MakeCharge(plan, rows, now, plan.HasQuotas);
        for (int attempt = 0; attempt < MostTries; attempt++)
        {
            int slot = Resolve(Callers, caller, ref slots.Caller, now, out bool isNew);
            int tenantSlot = tenant.IsEmpty ? CallerTable.None : Resolve(Tenants, tenant, ref slots.Tenant, now, out _);
            int networkSlot = network.IsEmpty ? CallerTable.None : Resolve(Networks, network, ref slots.Network, now, out _);
            bool overflows = slot == Callers.OverflowSlot;
            bool hadNoRoom = overflows || tenantSlot == Tenants.OverflowSlot || networkSlot == Networks.OverflowSlot;
            Limit own = overflows ? plan.Overflow : plan.Caller;
            bool unlimited = ApplyStanding(plan, slot, caller, isNew || overflows, now, ref own, out Posture posture, out bool isRevoked, out bool withoutMarks);
            Limit? global = _global?.Limit;
            if ((own.HasQuotas || global is { HasQuotas: true }) && charge.DayEnd == 0)
            {
                charge = MakeCharge(plan, rows, now, withQuotas: true); // of an override, or of all models
            }

            int dossier = overflows ? -1 : Callers[slot].Dossier;
            AdmissionDecision refusal = default;
            if (posture == Posture.Blocked && (isRevoked || plan.RefusesBlocked))
            {
                refusal = new AdmissionDecision(AdmissionReason.Blocked, AdmissionLevel.Caller, posture, BlockedWait, slot, dossier);
            }
            else if (!unlimited && !own.CanEverAdmit(in charge))
            {
                // Waiting will not help; the caller may come back with less, or when the table has room.
                refusal = ReferenceEquals(own, plan.Overflow)
                    ? new AdmissionDecision(AdmissionReason.CallerTableFull, AdmissionLevel.Caller, posture, own.Period.Ticks * 100, slot, dossier) { WaitingHelps = false }
                    : new AdmissionDecision(AdmissionReason.BatchTooLarge, AdmissionLevel.Caller, posture, own.Rate.FillTime, slot, dossier);
            }
            else if (global is not null && !global.CanEverAdmit(in charge))
            {
                refusal = new AdmissionDecision(AdmissionReason.BatchTooLarge, AdmissionLevel.Global, posture, global.Rate.FillTime, slot, dossier);
            }

            if (refusal.Reason == AdmissionReason.None)
            {
                Bill bill = new()
                {
                    Caller = unlimited ? null : own,
                    Tenant = unlimited || tenantSlot < 0 ? null : plan.Tenant,
                    Network = unlimited || networkSlot < 0 ? null : plan.Network,
                    Model = plan.Model,
                    Global = global,
                };
                bill.CallerRecord = ref Callers[slot];
                bill.TenantRecord = ref Tenants[Math.Max(tenantSlot, 0)];
                bill.NetworkRecord = ref Networks[Math.Max(networkSlot, 0)];
                bill.ModelRecord = ref Model;
                bill.GlobalRecord = ref GlobalRecord;
                long wait = bill.WaitFor(in charge, out AdmissionReason reason, out AdmissionLevel level);
                if (wait > 0)
                {
                    refusal = new AdmissionDecision(
                        ReferenceEquals(own, plan.Overflow) && level == AdmissionLevel.Caller ? AdmissionReason.CallerTableFull : reason,
                        level, posture, wait, slot, dossier);
                }
                else if (bill.TryCharge(in charge))
                {
                    // After the charge (a full fence): see the invariant of CallerTable.
                    if (IsStill(Callers, slot, caller) && IsStill(Tenants, tenantSlot, tenant) && IsStill(Networks, networkSlot, network))
                    {
                        return CountAdmitted(plan, slot, tenantSlot, networkSlot, caller, posture, dossier, rows, now) with { HadNoRoom = hadNoRoom, IsUnmarked = withoutMarks };
                    }

                    bill.Refund(in charge);
                    continue;
                }
                else
                {
                    continue; // another thread was faster
                }
            }

            if (countsRefusal)
            {
                CountRefused(slot, tenantSlot, networkSlot, rows);
            }

            return refusal with { HadNoRoom = hadNoRoom, IsUnmarked = withoutMarks };
        }

        if (countsRefusal)
        {
            CountRefused(slots.Caller, CallerTable.None, CallerTable.None, rows);
        }

        return new AdmissionDecision(AdmissionReason.Rate, AdmissionLevel.Caller, Posture.Normal, 1, slots.Caller, -1);
    }

    private Charge MakeCharge(ShieldPlan plan, int rows, long now, bool withQuotas)
    {
        if (!withQuotas)
        {
            return new Charge(now, rows, 0, 0, 0, _clock);
        }

        CalendarWindow calendar = _clock.Calendar(now);
        return new Charge(now, rows, plan.CostOf(rows), calendar.DayEnd, calendar.MonthEnd, _clock);
    }

    /// <summary>The record that a caller, tenant or network would be decided by, for reading only: its own, a fresh one, or that which
    /// newcomers share.</summary>
    private ref CallerRecord FindRecord(CallerTable table, CallerKey key, long now)
    {
        int slot = key.IsEmpty ? CallerTable.None : table.Find(key);
        if (slot == CallerTable.None && !key.IsEmpty && !table.HasRoom(key, now))
        {
            slot = table.OverflowSlot;
        }

        return ref slot < 0 ? ref _fresh[0] : ref table[slot];
    }

    private static int Resolve(CallerTable table, CallerKey key, ref int hint, long now, out bool isNew)
    {
        int slot = Volatile.Read(ref hint);
        isNew = false;
        if (!table.IsOwner(slot, key))
        {
            slot = table.Find(key);
            isNew = slot == CallerTable.None;
            slot = isNew ? table.FindOrAdd(key, now) : slot;
            Volatile.Write(ref hint, slot);
        }

        return slot;
    }

    private static bool IsStill(CallerTable table, int slot, CallerKey key) =>
        slot == CallerTable.None || slot == table.OverflowSlot || table.IsOwner(slot, key);

    private AdmissionDecision CountAdmitted(
        ShieldPlan plan, int slot, int tenantSlot, int networkSlot, CallerKey caller, Posture posture, int dossier, int rows, long now)
    {
        long cost = plan.CostOf(rows);
        ref CallerRecord record = ref Callers[slot];
        record.Counters.CountAdmitted(rows, cost);
        if (dossier < 0 && slot != Callers.OverflowSlot && record.Asked >= Dossiers.Floor)
        {
            dossier = Dossiers.TryOpen(Callers, slot, caller, now);
        }

        CountGroup(Tenants, tenantSlot, plan.Tenant, rows, cost, now);
        CountGroup(Networks, networkSlot, plan.Network, rows, cost, now);
        return new AdmissionDecision(AdmissionReason.WithinLimits, AdmissionLevel.Caller, posture, 0, slot, dossier);
    }

    private static void CountGroup(CallerTable table, int slot, Limit? limit, int rows, long cost, long now)
    {
        if (slot < 0)
        {
            return;
        }

        ref CallerRecord record = ref table[slot];
        record.Counters.CountAdmitted(rows, cost);
        long arrival = Volatile.Read(ref record.Arrival);
        if (limit is null && Gcra.TimeOf(arrival) < now)
        {
            // Nothing was charged, so the word would not say how long the record has been unused. Once only: a charge goes first.
            Interlocked.CompareExchange(ref record.Arrival, Gcra.WordOf(now), arrival);
        }
    }

    private void CountRefused(int slot, int tenantSlot, int networkSlot, int rows)
    {
        ref CallerRecord record = ref Callers[slot];
        record.Counters.CountRefused(rows);
        if (tenantSlot >= 0)
        {
            Tenants[tenantSlot].Counters.CountRefused(rows);
        }

        if (networkSlot >= 0)
        {
            Networks[networkSlot].Counters.CountRefused(rows);
        }
    }
}
