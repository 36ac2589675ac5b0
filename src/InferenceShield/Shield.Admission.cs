using System.Globalization;

namespace InferenceShield;

/// <content>May this caller ask?</content>
public sealed partial class Shield
{
    /// <summary>May this caller ask this? Charges the rows if so; a refusal charges nothing.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="input">The input as bytes, row after row; its length is a multiple of <paramref name="rows"/>. Not stored.</param>
    /// <param name="rows">Rows in the input: 1 to the largest batch allowed.</param>
    /// <exception cref="InvalidQueryException">No caller, or more rows than one call may hold.</exception>
    public Admission Admit(CallerKey caller, ReadOnlySpan<byte> input, int rows = 1)
    {
        ShieldPlan plan = _plan;
        CheckQuery(plan, caller, rows);
        int width = input.Length / rows;
        if (width * rows != input.Length)
        {
            throw new ArgumentException($"The input has {input.Length} bytes, which is not a multiple of its {rows} rows.", nameof(input));
        }

        Admission admission = Decide(plan, caller, rows, out int slot);
        if (admission.IsAdmitted && slot != _callers.OverflowSlot)
        {
            ref CallerRecord record = ref _callers[slot];
            for (int row = 0; row < rows; row++)
            {
                Remember(ref record, Digest(input.Slice(row * width, width)));
            }
        }

        return admission;
    }

    /// <summary>May this caller ask this? For inputs digested row by row: see <see cref="Digest(ReadOnlySpan{byte})"/>.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="rowDigests">One digest a row: 1 to the largest batch allowed.</param>
    /// <exception cref="InvalidQueryException">No caller, or more rows than one call may hold.</exception>
    public Admission Admit(CallerKey caller, ReadOnlySpan<InputDigest> rowDigests)
    {
        ShieldPlan plan = _plan;
        CheckQuery(plan, caller, rowDigests.Length);
        Admission admission = Decide(plan, caller, rowDigests.Length, out int slot);
        if (admission.IsAdmitted && slot != _callers.OverflowSlot)
        {
            ref CallerRecord record = ref _callers[slot];
            foreach (InputDigest digest in rowDigests)
            {
                Remember(ref record, digest);
            }
        }

        return admission;
    }

    private void CheckQuery(ShieldPlan plan, CallerKey caller, int rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (caller.IsEmpty)
        {
            throw new InvalidQueryException("The query has no caller. Make its key with Shield.IdentifyCaller.");
        }

        CheckRows(rows, plan.MaxRows);
    }

    private Admission Decide(ShieldPlan plan, CallerKey caller, int rows, out int slot)
    {
        long now = _clock.Now;
        slot = _callers.FindOrAdd(caller);
        ref CallerRecord record = ref _callers[slot];
        AdmissionReason reason = AdmissionReason.WithinLimits;
        TimeSpan retryAfter = TimeSpan.Zero;
        if (slot == _callers.OverflowSlot)
        {
            CountTableFull(rows, now);
            if (rows > plan.Overflow.Burst)
            {
                // This bucket never holds as much; the caller may come back with less, or when the table has room.
                reason = AdmissionReason.CallerTableFull;
                retryAfter = plan.OverflowPeriod;
            }
            else if (!plan.Overflow.TryCharge(ref record.TheoreticalArrival, now, rows, out long wait))
            {
                reason = AdmissionReason.CallerTableFull;
                retryAfter = ToTimeSpan(wait);
            }
        }
        else if (!plan.Caller.TryCharge(ref record.TheoreticalArrival, now, rows, out long wait))
        {
            reason = AdmissionReason.CallerRate;
            retryAfter = ToTimeSpan(wait);
        }

        bool within = reason == AdmissionReason.WithinLimits;
        Interlocked.Add(ref within ? ref record.Admitted : ref record.Refused, rows);
        Interlocked.Add(
            ref within ? ref _counters.Admitted : ref plan.Enforces ? ref _counters.Refused : ref _counters.WouldBeRefused, rows);
        return new Admission(plan, rows, reason, retryAfter, isAdmitted: within || !plan.Enforces);
    }

    /// <summary>Rounded up to TimeSpan's 100 ns, so that the wait it states is enough.</summary>
    private static TimeSpan ToTimeSpan(long nanoseconds) => TimeSpan.FromTicks((nanoseconds + 99) / 100);

    private static void Remember(ref CallerRecord record, InputDigest digest)
    {
        // One word without a lock: two queries of one caller at the same moment may hide a repeat, never invent one.
        if (Volatile.Read(ref record.LatestDigest) == digest.Low)
        {
            Interlocked.Increment(ref record.Repeated);
        }
        else
        {
            Volatile.Write(ref record.LatestDigest, digest.Low);
        }
    }

    private void CountTableFull(int rows, long now)
    {
        Interlocked.Add(ref _counters.TableFull, rows);
        long next = Volatile.Read(ref _nextTableFullLog);
        if (now >= next && Interlocked.CompareExchange(ref _nextTableFullLog, now + s_tableFullLogInterval, next) == next)
        {
            ShieldLog.CallerTableFull(_logger, Name, _callers.Capacity);
        }
    }

    /// <summary>Throws if a call may not hold so many rows: for those who would copy them first.</summary>
    /// <exception cref="InvalidQueryException">There are none, or more than <see cref="MaxRowsPerCall"/>.</exception>
    public void CheckRows(long rows) => CheckRows(rows, _plan.MaxRows);

    private static void CheckRows(long rows, int most)
    {
        if (rows < 1 || rows > most)
        {
            throw new InvalidQueryException(string.Create(CultureInfo.InvariantCulture,
                $"The batch has {rows:N0} rows; one call may hold 1 to {most:N0}. Split it into several calls."));
        }
    }
}
