using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using InferenceShield.Numerics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>The shield of one model: decides who may ask and turns clean scores into the released answer.</summary>
/// <remarks>
/// <para>Made by <see cref="ShieldBuilder"/> or by dependency injection. Thread-safe; <see cref="Admit(CallerKey, ReadOnlySpan{byte}, int)"/>
/// and Harden take no lock and, after a thread's first call, allocate nothing.</para>
/// <para>A query is one input row: a batch of n rows is charged n queries, and each row gets the answer it would have
/// got alone.</para>
/// </remarks>
public sealed partial class Shield : IDisposable
{
    /// <summary>The longest caller name, in UTF-8 bytes.</summary>
    public const int MaximumCallerNameLength = 1024;

    private static readonly long s_tableFullLogInterval = (long)TimeSpan.FromMinutes(1).TotalNanoseconds;

    private readonly ILogger _logger;
    private readonly ShieldClock _clock;
    private readonly ShieldKeys _keys;
    private readonly CallerTable _callers;
    private readonly string _optionsPrefix;
    private readonly Lock _reloadLock = new();
    private volatile ShieldPlan _plan;
    private volatile string? _reloadFault;
    private volatile bool _disposed;
    private ShieldCounters _counters;
    private long _nextTableFullLog;

    internal Shield(string name, ShieldOptions options, IShieldSecretProvider secretProvider, TimeProvider timeProvider, ILogger logger, string optionsPrefix)
    {
        Name = name;
        _logger = logger;
        _optionsPrefix = optionsPrefix;
        _plan = ShieldPlan.Compile(this, options, optionsPrefix, serving: null);
        using (ShieldSecret secret = secretProvider.GetSecret())
        {
            _keys = new ShieldKeys(secret, name);
        }

        _clock = new ShieldClock(timeProvider);
        _callers = new CallerTable(_plan.CallerCapacity);
        ShieldLog.ShieldBuilt(logger, name, options.Mode, _keys.KeyId, _plan.CallerCapacity, _plan.DescribeOutputs());
        LogWarnings(options);
    }

    /// <summary>The model's name, which goes into the keys of its answers.</summary>
    public string Name { get; }

    /// <summary>The id of the secret in force. Says nothing about the secret.</summary>
    public string SecretKeyId => _keys.KeyId;

    /// <summary>Whether answers are hardened and refusals enforced, or everything is only counted.</summary>
    public bool Enforces => _plan.Enforces;

    /// <summary>Why the latest reload was rejected; <see langword="null"/> if it was not.</summary>
    public string? ReloadFault => _reloadFault;

    /// <summary>Share of the caller table in use, 0 to 1.</summary>
    public double CallerTableLoad => (double)_callers.Count / _callers.Capacity;

    /// <summary>The names of the outputs that may be released, in the order of their indices.</summary>
    public IReadOnlyList<string> OutputNames => Array.ConvertAll(_plan.Outputs, output => output.Name);

    /// <summary>The index of a declared output, for Harden.</summary>
    /// <exception cref="ArgumentException">No such output is declared.</exception>
    public int GetOutputIndex(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ShieldPlan plan = _plan;
        int index = plan.FindOutput(name);
        return index >= 0
            ? index
            : throw new ArgumentException($"Output '{name}' is not declared for shield '{Name}'. Declared: {plan.DescribeOutputs()}.", nameof(name));
    }

    /// <summary>The declared kind of an output.</summary>
    /// <param name="output">Its index.</param>
    public OutputKind GetOutputKind(int output) => OutputOf(_plan, output).Kind;

    /// <summary>The keyed hash of what names a caller: an API key, a subject, a network address.</summary>
    /// <param name="name">1 to <see cref="MaximumCallerNameLength"/> bytes of UTF-8. Not stored.</param>
    /// <returns>The same key for the same name and secret; resolve it once and reuse it.</returns>
    /// <exception cref="InvalidQueryException">The name is empty, blank or too long.</exception>
    public CallerKey IdentifyCaller(string name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw NoCallerName();
        }

        Span<byte> utf8 = stackalloc byte[MaximumCallerNameLength];
        return Encoding.UTF8.TryGetBytes(name, utf8, out int length)
            ? IdentifyCaller(utf8[..length])
            : throw CallerNameTooLong(Encoding.UTF8.GetByteCount(name));
    }

    /// <summary>The keyed hash of what names a caller, given as UTF-8 or any other bytes.</summary>
    /// <param name="name">1 to <see cref="MaximumCallerNameLength"/> bytes. Not stored.</param>
    /// <returns>The same key as for the same name as a string.</returns>
    /// <exception cref="InvalidQueryException">The name is empty or too long.</exception>
    public CallerKey IdentifyCaller(ReadOnlySpan<byte> name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (name.IsEmpty)
        {
            throw NoCallerName();
        }

        if (name.Length > MaximumCallerNameLength)
        {
            throw CallerNameTooLong(name.Length);
        }

        Hash128 hash = SipHash.Hash(_keys.Caller, name);
        return new CallerKey(hash.Low, hash.High);
    }

    /// <summary>The keyed digest of one row of one input.</summary>
    public InputDigest Digest(ReadOnlySpan<byte> row) => _keys.Digester.Digest(row);

    /// <summary>The keyed digest of one row of several inputs: the digest of those before, and the next input's row.</summary>
    public InputDigest Digest(InputDigest before, ReadOnlySpan<byte> row) => _keys.Digester.Append(before, row);

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

    /// <summary>Turns clean scores into the released answer, in place.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="scores">Row after row; <paramref name="classes"/> numbers each. The rows are a multiple of the admitted
    /// ones (time steps).</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="scores"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield.</exception>
    public void Harden(in Admission admission, Span<float> scores, int classes, int output = 0) =>
        Harden(in admission, scores, scores, classes, output);

    /// <summary>Turns clean scores into the released answer, elsewhere.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="clean">The model's scores: row after row, <paramref name="classes"/> numbers each.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="released"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield.</exception>
    public void Harden(in Admission admission, ReadOnlySpan<float> clean, Span<float> released, int classes, int output = 0)
    {
        ShieldPlan plan = CheckAdmission(in admission);
        OutputPlan outputPlan = OutputOf(plan, output);
        int rows = CheckShape(clean, released, classes, admission.Rows);
        if (outputPlan.Kind == OutputKind.State)
        {
            clean.CopyTo(released);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> cleanRow = clean.Slice(row * classes, classes);
            Span<float> releasedRow = plan.Enforces
                ? released.Slice(row * classes, classes)
                : HardeningScratch.ForThisThread.Released(classes);
            if (!TryHardenRow(outputPlan, cleanRow, releasedRow, out OutputFault fault))
            {
                released.Clear();
                throw new InvalidModelOutputException(fault.Describe(outputPlan.Name, row), outputPlan.Name, row, fault.Index);
            }
        }

        if (plan.Enforces)
        {
            Interlocked.Add(ref _counters.Hardened, rows);
        }
        else
        {
            clean.CopyTo(released);
            Interlocked.Add(ref _counters.WouldBeHardened, rows);
        }
    }

    /// <summary>What the shield has counted.</summary>
    public ShieldStatistics GetStatistics() => new(
        Volatile.Read(ref _counters.Admitted),
        Volatile.Read(ref _counters.Refused),
        Volatile.Read(ref _counters.WouldBeRefused),
        Volatile.Read(ref _counters.TableFull),
        Volatile.Read(ref _counters.Hardened),
        Volatile.Read(ref _counters.WouldBeHardened),
        Volatile.Read(ref _counters.TopChanged),
        _callers.Count,
        _plan.Version);

    /// <summary>What the shield has counted of one caller.</summary>
    /// <returns>False if the caller has no record of its own.</returns>
    public bool TryGetCaller(CallerKey caller, out CallerStatistics statistics)
    {
        int slot = caller.IsEmpty ? -1 : _callers.Find(caller);
        if (slot < 0)
        {
            statistics = default;
            return false;
        }

        ref CallerRecord record = ref _callers[slot];
        statistics = new CallerStatistics(
            Volatile.Read(ref record.Admitted), Volatile.Read(ref record.Refused), Volatile.Read(ref record.Repeated));
        return true;
    }

    /// <summary>Puts new options into force for queries admitted from now on. State (budgets, counters) stays as it is.</summary>
    /// <param name="options">Read once; names and kinds of outputs and the caller capacity must be those at start.</param>
    /// <exception cref="OptionsValidationException">Not valid; every fault is named, and the last good options stay in force.</exception>
    public void Reload(ShieldOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_disposed, this);
        lock (_reloadLock)
        {
            try
            {
                ShieldPlan plan = ShieldPlan.Compile(this, options, _optionsPrefix, _plan);
                _reloadFault = null;
                if (plan.HasSameContent(_plan))
                {
                    return;
                }

                _plan = plan;
                ShieldLog.PlanReloaded(_logger, Name, plan.Version);
                LogWarnings(options);
            }
            catch (OptionsValidationException exception)
            {
                RejectReload(exception.Message);
                throw;
            }
        }
    }

    /// <summary>Zeroes the shield's keys. Calls that are under way must have ended.</summary>
    public void Dispose()
    {
        _disposed = true;
        _keys.Clear();
    }

    /// <summary>The name, the mode and the plan's version.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"Shield '{Name}' ({(Enforces ? ShieldMode.Enforce : ShieldMode.ObserveOnly)}, plan {_plan.Version})");

    internal void RejectReload(string faults)
    {
        _reloadFault = faults;
        ShieldLog.ReloadRejected(_logger, Name, _plan.Version, faults);
    }

    private static InvalidQueryException NoCallerName() =>
        new("The caller has no name. Name it by what was authenticated: an API key, a subject, an address.");

    private static InvalidQueryException CallerNameTooLong(int length) => new(string.Create(CultureInfo.InvariantCulture,
        $"The caller's name has {length:N0} bytes; allowed: 1 to {MaximumCallerNameLength:N0}."));

    private static OutputPlan OutputOf(ShieldPlan plan, int output) => (uint)output < (uint)plan.Outputs.Length
        ? plan.Outputs[output]
        : throw new ArgumentOutOfRangeException(nameof(output), output, $"Outputs are numbered 0 to {plan.Outputs.Length - 1}: {plan.DescribeOutputs()}.");

    private void CheckQuery(ShieldPlan plan, CallerKey caller, int rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (caller.IsEmpty)
        {
            throw new InvalidQueryException("The query has no caller. Make its key with Shield.IdentifyCaller.");
        }

        if (rows < 1 || rows > plan.MaxRows)
        {
            throw new InvalidQueryException(string.Create(CultureInfo.InvariantCulture,
                $"The batch has {rows:N0} rows; one call may hold 1 to {plan.MaxRows:N0}. Split it into several calls."));
        }
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

    private ShieldPlan CheckAdmission(in Admission admission)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ShieldPlan? plan = admission.Plan;
        if (plan is null || !ReferenceEquals(plan.Owner, this))
        {
            throw new InvalidOperationException($"This admission was not made by shield '{Name}'. Call its Admit first and pass on what it returned.");
        }

        return admission.IsAdmitted
            ? plan
            : throw new InvalidOperationException("The query was refused; there is nothing to release. Check Admission.IsAdmitted before running the model.");
    }

    private static int CheckShape(ReadOnlySpan<float> clean, ReadOnlySpan<float> released, int classes, int admittedRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        if (clean.Length != released.Length)
        {
            throw new ArgumentException($"{clean.Length} scores do not fit into {released.Length}.", nameof(released));
        }

        if (clean != released && clean.Overlaps(released))
        {
            throw new ArgumentException("The spans overlap but are not the same span.", nameof(released));
        }

        int rows = clean.Length / classes;
        if (rows == 0 || rows * classes != clean.Length || rows % admittedRows != 0)
        {
            throw new ArgumentException(
                $"{clean.Length} scores are not {admittedRows} admitted rows (or time steps of them) of {classes} classes.", nameof(clean));
        }

        return rows;
    }

    private bool TryHardenRow(OutputPlan plan, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault)
    {
        if (!plan.IsDistribution)
        {
            return ValueHardening.TryHarden(plan, clean, released, out fault);
        }

        if (!DistributionHardening.TryHarden(plan, _keys.Noise, clean, released, out int top, out fault))
        {
            return false;
        }

        if (TensorPrimitives.IndexOfMax<float>(released) != top)
        {
            Interlocked.Increment(ref _counters.TopChanged);
        }

        return true;
    }

    private void LogWarnings(ShieldOptions options)
    {
        if (options.Mode == ShieldMode.ObserveOnly)
        {
            ShieldLog.ObserveOnly(_logger, Name);
        }

        foreach (string warning in ShieldOptionsValidator.Warnings(options))
        {
            ShieldLog.OptionsWarning(_logger, Name, warning);
        }
    }
}
