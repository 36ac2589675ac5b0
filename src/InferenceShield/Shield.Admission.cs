using System.Globalization;
using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <content>May this caller ask?</content>
public sealed partial class Shield
{
    /// <summary>A caller looked up once for many calls, with the tenant it belongs to and the network it comes from.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="tenant">The key (<see cref="IdentifyCaller(string)"/>) of its tenant; empty for none.</param>
    /// <param name="network">The key of its network, for example of an address prefix; empty for none.</param>
    /// <exception cref="InvalidQueryException">No caller.</exception>
    public CallerHandle GetHandle(CallerKey caller, CallerKey tenant = default, CallerKey network = default) =>
        caller.IsEmpty ? throw NoCaller() : new CallerHandle(this, caller, tenant, network);

    /// <summary>May this caller ask this? Charges the rows if so; a refusal charges nothing.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="input">The input as bytes, row after row; its length is a multiple of <paramref name="rows"/>. Not stored.</param>
    /// <param name="rows">Rows in the input: 1 to the largest batch allowed.</param>
    /// <exception cref="InvalidQueryException">No caller, or more rows than one call may hold.</exception>
    public Admission Admit(CallerKey caller, ReadOnlySpan<byte> input, int rows = 1)
    {
        ShieldPlan plan = CurrentPlan();
        CheckQuery(plan, caller, rows);
        CheckWidth(input, rows);
        AdmissionDecision decision = Decide(plan, caller, handle: null, rows, countsRefusal: true, out long now);
        Remember(plan, caller, in decision, now, input, rows);
        return new Admission(plan, caller, rows, now, in decision);
    }

    /// <summary>May this caller ask this? As for a key, and its tenant's and network's limits apply too.</summary>
    /// <param name="caller">Who asks: see <see cref="GetHandle"/>.</param>
    /// <param name="input">The input as bytes, row after row; its length is a multiple of <paramref name="rows"/>. Not stored.</param>
    /// <param name="rows">Rows in the input: 1 to the largest batch allowed.</param>
    /// <exception cref="InvalidQueryException">More rows than one call may hold.</exception>
    public Admission Admit(CallerHandle caller, ReadOnlySpan<byte> input, int rows = 1)
    {
        ShieldPlan plan = CurrentPlan();
        CheckHandle(caller);
        CheckQuery(plan, caller.Caller, rows);
        CheckWidth(input, rows);
        AdmissionDecision decision = Decide(plan, caller.Caller, caller, rows, countsRefusal: true, out long now);
        Remember(plan, caller.Caller, in decision, now, input, rows);
        return new Admission(plan, caller.Caller, rows, now, in decision, caller);
    }

    /// <summary>May this caller ask this? For inputs digested row by row: see <see cref="Digest(ReadOnlySpan{byte})"/>.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="rowDigests">One digest a row: 1 to the largest batch allowed.</param>
    /// <exception cref="InvalidQueryException">No caller, or more rows than one call may hold.</exception>
    public Admission Admit(CallerKey caller, ReadOnlySpan<InputDigest> rowDigests)
    {
        ShieldPlan plan = CurrentPlan();
        CheckQuery(plan, caller, rowDigests.Length);
        AdmissionDecision decision = Decide(plan, caller, handle: null, rowDigests.Length, countsRefusal: true, out long now);
        Remember(plan, caller, in decision, now, rowDigests);
        return new Admission(plan, caller, rowDigests.Length, now, in decision);
    }

    /// <summary>May this caller ask this? As for a key, and its tenant's and network's limits apply too.</summary>
    /// <param name="caller">Who asks: see <see cref="GetHandle"/>.</param>
    /// <param name="rowDigests">One digest a row: 1 to the largest batch allowed.</param>
    /// <exception cref="InvalidQueryException">More rows than one call may hold.</exception>
    public Admission Admit(CallerHandle caller, ReadOnlySpan<InputDigest> rowDigests)
    {
        ShieldPlan plan = CurrentPlan();
        CheckHandle(caller);
        CheckQuery(plan, caller.Caller, rowDigests.Length);
        AdmissionDecision decision = Decide(plan, caller.Caller, caller, rowDigests.Length, countsRefusal: true, out long now);
        Remember(plan, caller.Caller, in decision, now, rowDigests);
        return new Admission(plan, caller.Caller, rowDigests.Length, now, in decision, caller);
    }

    /// <summary>Throws if a call may not hold so many rows: for those who would copy them first.</summary>
    /// <param name="rows">How many.</param>
    /// <exception cref="InvalidQueryException">There are none, or more than <see cref="MaxRowsPerCall"/>.</exception>
    public void CheckRows(long rows) => CheckRows(rows, _plan.MaxRows);

    /// <summary>May this caller ask so many rows, whatever is in them? For rate limiters, which see no input.</summary>
    /// <param name="handle">Who asks.</param>
    /// <param name="rows">1 to the largest batch allowed.</param>
    /// <param name="countsRefusal">False where the same refusal will be asked for again.</param>
    internal Admission AdmitRows(CallerHandle handle, int rows, bool countsRefusal)
    {
        ShieldPlan plan = CurrentPlan();
        CheckHandle(handle);
        CheckQuery(plan, handle.Caller, rows);
        AdmissionDecision decision = Decide(plan, handle.Caller, handle, rows, countsRefusal, out long now);
        return new Admission(plan, handle.Caller, rows, now, in decision, handle);
    }

    /// <summary>May this caller ask so many rows? For hosts to whom looking at the rows costs more than deciding: they
    /// <see cref="Remember(int, in Admission, ReadOnlySpan{InputDigest})"/> those of calls that are admitted, and only those.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="handle">The caller's, if there is one.</param>
    /// <param name="rows">1 to the largest batch allowed.</param>
    /// <param name="slot">For <see cref="Remember(int, in Admission, ReadOnlySpan{InputDigest})"/>.</param>
    internal Admission AdmitUnseen(CallerKey caller, CallerHandle? handle, int rows, out int slot)
    {
        ShieldPlan plan = CurrentPlan();
        if (handle is not null)
        {
            CheckHandle(handle);
        }

        CheckQuery(plan, caller, rows);
        AdmissionDecision decision = Decide(plan, caller, handle, rows, countsRefusal: true, out long now);
        slot = decision.Slot;
        return new Admission(plan, caller, rows, now, in decision, handle);
    }

    /// <summary>Remembers what an admitted call asks: one digest a row.</summary>
    internal void Remember(int slot, in Admission admission, ReadOnlySpan<InputDigest> digests)
    {
        if (slot == _admission.Callers.OverflowSlot)
        {
            return; // a record that callers share
        }

        foreach (InputDigest digest in digests)
        {
            Remember(admission.Caller, slot, admission.Dossier, admission.Start, digest);
        }
    }

    /// <summary>May this caller ask anything at all? For rate limiters that are asked for 0 permits: charges and counts nothing.</summary>
    /// <returns>Nanoseconds until it may; 0 if it may now.</returns>
    internal long WaitOf(CallerHandle handle, out AdmissionReason reason, out AdmissionLevel level)
    {
        ShieldPlan plan = CurrentPlan();
        CheckHandle(handle);
        CheckQuery(plan, handle.Caller, rows: 1);
        AdmissionDecision one = _admission.Peek(plan, handle, _clock.Now).One;
        (reason, level) = (one.Reason, one.Level);
        return plan.Enforces ? one.Wait : 0;
    }

    /// <summary>What a rate limiter tells of a caller: queries it could ask at once, for how long it has been as good as fresh, its counts.</summary>
    internal (long Available, TimeSpan? Idle, CallerStatistics Statistics) Describe(CallerHandle handle)
    {
        CheckHandle(handle);
        long now = _clock.Now;
        long available = _admission.Peek(_plan, handle, now).Available;
        int slot = _admission.Callers.Find(handle.Caller);
        if (slot == CallerTable.None)
        {
            return (available, TimeSpan.FromTicks(now / 100), default);
        }

        ref CallerRecord record = ref _admission.Callers[slot];
        bool isDecidedAbout = (Volatile.Read(ref record.Standing) & CallerRecord.DecidingStanding) != 0;
        long freshAt = isDecidedAbout ? long.MaxValue : record.WornOffAt;
        return (available, freshAt <= now ? TimeSpan.FromTicks((now - freshAt) / 100) : null, record.ToStatistics());
    }

    /// <summary>The plan in force; waits while it is being changed.</summary>
    private ShieldPlan CurrentPlan()
    {
        if (_admission.Gate.IsClosed)
        {
            _admission.Gate.Wait();
        }

        return _plan;
    }

    /// <summary>Asks with the coarse clock, which is never ahead; and what that refuses, with the fine one.</summary>
    private AdmissionDecision Decide(ShieldPlan plan, CallerKey caller, CallerHandle? handle, int rows, bool countsRefusal, out long now)
    {
        countsRefusal |= !plan.Enforces; // who is let through does not ask again
        now = _clock.Coarse;
        AdmissionDecision decision = DecideAt(plan, caller, handle, rows, now, countsRefusal: false);
        if (!decision.IsWithinLimits)
        {
            now = _clock.Now;
            decision = DecideAt(plan, caller, handle, rows, now, countsRefusal);
        }

        ref ShieldCell cell = ref _counters.Cell;
        if (decision.HadNoRoom && (decision.IsWithinLimits || countsRefusal))
        {
            CountTableFull(ref cell, rows, now);
        }

        if (decision.IsWithinLimits)
        {
            cell.Calls.CountAdmitted(rows, plan.CostOf(rows));
        }
        else if (countsRefusal)
        {
            (plan.Enforces ? ref cell.Calls : ref cell.WouldBeRefused).CountRefused(rows);
        }

        return decision;
    }

    private AdmissionDecision DecideAt(ShieldPlan plan, CallerKey caller, CallerHandle? handle, int rows, long now, bool countsRefusal) =>
        handle is null
            ? _admission.Decide(plan, caller, rows, now, countsRefusal)
            : _admission.Decide(plan, handle, rows, now, countsRefusal);

    private void Remember(ShieldPlan plan, CallerKey caller, in AdmissionDecision decision, long now, ReadOnlySpan<byte> input, int rows)
    {
        if (IsForgotten(plan, in decision))
        {
            return;
        }

        int width = input.Length / rows;
        for (int start = 0; start < input.Length; start += width)
        {
            Remember(caller, decision.Slot, decision.Dossier, now, Digest(input.Slice(start, width)));
        }
    }

    private void Remember(ShieldPlan plan, CallerKey caller, in AdmissionDecision decision, long now, ReadOnlySpan<InputDigest> digests)
    {
        if (IsForgotten(plan, in decision))
        {
            return;
        }

        foreach (InputDigest digest in digests)
        {
            Remember(caller, decision.Slot, decision.Dossier, now, digest);
        }
    }

    /// <summary>What was refused is not remembered, nor what is charged to a record that callers share.</summary>
    private bool IsForgotten(ShieldPlan plan, in AdmissionDecision decision) =>
        (!decision.IsWithinLimits && plan.Enforces) || decision.Slot == _admission.Callers.OverflowSlot;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Remember(CallerKey caller, int slot, int dossier, long now, InputDigest digest)
    {
        // One word without a lock: two queries of one caller at the same moment may hide a repeat, never invent one.
        ref CallerRecord record = ref _admission.Callers[slot];
        if (Volatile.Read(ref record.LatestDigest) == digest.Low)
        {
            Interlocked.Increment(ref record.Repeated);
        }
        else
        {
            Volatile.Write(ref record.LatestDigest, digest.Low);
        }

        if (dossier >= 0)
        {
            _admission.Dossiers.Find(dossier, caller)?.Note(digest, now);
        }
    }

    private void CountTableFull(ref ShieldCell cell, int rows, long now)
    {
        Interlocked.Add(ref cell.TableFull, rows);
        Volatile.Write(ref _latestTableFull, now);
        long next = Volatile.Read(ref _nextTableFullLog);
        if (now >= next && Interlocked.CompareExchange(ref _nextTableFullLog, now + s_tableFullLogInterval, next) == next)
        {
            ShieldLog.CallerTableFull(_logger, Name, _admission.Callers.Capacity);
        }
    }

    private void CheckHandle(CallerHandle caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (!ReferenceEquals(caller.Owner, this))
        {
            throw WrongHandle();
        }
    }

    // Apart, like the other messages: the checks are then small enough to be inlined.
    private ArgumentException WrongHandle() => new($"This handle was not made by shield '{Name}'. Call its GetHandle.", "caller");

    private void CheckQuery(ShieldPlan plan, CallerKey caller, int rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (caller.IsEmpty)
        {
            throw NoCaller();
        }

        CheckRows(rows, plan.MaxRows);
    }

    private static void CheckWidth(ReadOnlySpan<byte> input, int rows)
    {
        if (input.Length % rows != 0)
        {
            throw new ArgumentException($"The input has {input.Length} bytes, which is not a multiple of its {rows} rows.", nameof(input));
        }
    }

    private static void CheckRows(long rows, int most)
    {
        if (rows < 1 || rows > most)
        {
            throw TooManyRows(rows, most);
        }
    }

    private static InvalidQueryException TooManyRows(long rows, int most) => new(string.Create(CultureInfo.InvariantCulture,
        $"The batch has {rows:N0} rows; one call may hold 1 to {most:N0}. Split it into several calls."));

    private static InvalidQueryException NoCaller() => new("The query has no caller. Make its key with Shield.IdentifyCaller.");
}
