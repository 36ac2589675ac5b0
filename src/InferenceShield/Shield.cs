using System.Globalization;
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

    private const int MostRemembered = 8192;

    private static readonly long s_tableFullLogInterval = (long)TimeSpan.FromMinutes(1).TotalNanoseconds;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ILogger _logger;
    private readonly TimeProvider _timeProvider;
    private readonly IShieldContainment? _containment;
    private readonly ShieldClock _clock;
    private readonly ShieldKeys _keys;
    private readonly AdmissionControl _admission;
    private readonly ShieldCounters _counters = new();
    private readonly LatencyHistogram _latency = new();
    private readonly AnswerHistory _answers;
    private readonly UtilityLedger[] _utility;
    private readonly UtilityLedger[] _trialUtility;
    private readonly LogitRangeWatch[] _logitRanges;
    private readonly string _optionsPrefix;
    private readonly Lock _reloadLock = new();
    private volatile ShieldPlan _plan;
    private volatile string? _reloadFault;
    private volatile bool _disposed;
    private long _nextTableFullLog;
    private long _latestTableFull = -1;
    private long _nextRefresh;

    internal Shield(string name, ShieldOptions options, IShieldSecretProvider secretProvider, TimeProvider timeProvider, ILogger logger, string optionsPrefix, GlobalLimit? globalLimit = null, IReadOnlyList<IShieldEventSink>? eventSinks = null, IShieldContainment? containment = null)
    {
        _timeProvider = timeProvider;
        _containment = containment;
        Name = name;
        _logger = logger;
        _optionsPrefix = optionsPrefix;
        if (globalLimit is not null && !ReferenceEquals(globalLimit.Clock, ShieldClock.Of(timeProvider)))
        {
            throw new ArgumentException("The global limit was made with another TimeProvider than the shield. Give both the same one.", nameof(globalLimit));
        }

        ShieldPlan.RequireValid(name, options, optionsPrefix, serving: null);
        using (ShieldSecret secret = secretProvider.GetSecret())
        {
            _keys = new ShieldKeys(secret, name);
        }

        try
        {
            _plan = ShieldPlan.Compile(this, options, optionsPrefix, _keys.ReleaseFiles, serving: null, _keys.Detection, _keys.Marks);
            globalLimit?.CheckBatch(_plan.MaxRows, name);
            BeginEvidence(_plan);
        }
        catch
        {
            _keys.Clear();
            throw;
        }

        _clock = ShieldClock.Of(timeProvider);
        _answers = new AnswerHistory(_keys.Labels, DecayedHistogram.DefaultBuckets, Environment.ProcessorCount);
        _answers.WarmUp();
        _utility = Array.ConvertAll(_plan.Outputs, _ => new UtilityLedger(options.Utility));
        _trialUtility = Array.ConvertAll(_plan.Outputs, _ => new UtilityLedger(options.Utility));
        _logitRanges = Array.ConvertAll(_plan.Outputs, _ => new LogitRangeWatch());
        _admission = BuildAdmission(_plan, globalLimit);
        Events = new ShieldEventHub(name, options.Events, eventSinks ?? [], _clock, logger);
        BeginDetection(_plan);
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

    /// <summary>Rows that one call may hold, as the options in force say.</summary>
    public int MaxRowsPerCall => _plan.MaxRows;

    /// <summary>Share of the caller table in use, 0 to 1.</summary>
    public double CallerTableLoad => (double)_admission.Callers.Count / _admission.Callers.Capacity;

    /// <summary>How long ago a newcomer last found no room in the caller table; null if none ever did.</summary>
    internal TimeSpan? SinceTableFull =>
        Volatile.Read(ref _latestTableFull) is >= 0 and long latest ? TimeSpan.FromTicks((_clock.Now - latest) / 100) : null;

    /// <summary>Where the shield says what happened.</summary>
    internal ShieldEventHub Events { get; }

    /// <summary>What operators have decided about single callers.</summary>
    public CallerOverrides Overrides => _admission.Overrides;

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

    /// <summary>The declared numbers in a row of an output; 0 if there may be any.</summary>
    /// <param name="output">Its index.</param>
    internal int GetOutputClasses(int output) => OutputOf(_plan, output).Classes;

    /// <summary>Puts new options into force for queries admitted from now on. What callers have used up stays used up: under a
    /// new rate it is the same number of queries. Where a rate changes, queries wait meanwhile: some 20 milliseconds, and longer with millions of
    /// callers.</summary>
    /// <param name="options">Read once; names and kinds of outputs and the capacities for callers must be those at start.</param>
    /// <exception cref="OptionsValidationException">Not valid; every fault is named, and the last good options stay in force.</exception>
    public void Reload(ShieldOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        lock (_reloadLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                ShieldPlan plan = ShieldPlan.Compile(this, options, _optionsPrefix, _keys.ReleaseFiles, _plan, _keys.Detection, _keys.Marks);
                _admission.Global?.CheckBatch(plan.MaxRows, Name);
                _reloadFault = null;
                if (plan.HasSameContent(_plan))
                {
                    return;
                }

                _admission.Reload(plan, () => _plan = plan);
                BeginDetection(plan);
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

    /// <summary>Waits at most 2 seconds for event sinks and zeroes the shield's keys. Calls that are under way must have ended.</summary>
    public void Dispose()
    {
        lock (_reloadLock)
        {
            _disposed = true; // no reload begins to watch after this
        }

        _detector?.Dispose();
        _evidence?.Dispose();
        Events.Dispose();
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

    private AdmissionControl BuildAdmission(ShieldPlan plan, GlobalLimit? globalLimit)
    {
        // What a caller asked is remembered beyond its record, if it was much: a lower bound, which no flood of names can raise.
        int remembered = Math.Clamp(plan.CallerCapacity / 16, SpaceSaving.MinimumCapacity, MostRemembered);
        SpaceSaving departed = new(remembered, _keys.Sketches);
        CallerTable callers = new(plan.CallerCapacity)
        {
            Departed = (caller, asked, before) =>
            {
                // What was known before is in the summary already, unless others have pushed it out.
                long known = departed.TryGetHash(caller.Low, out HeavyHitter bounds) ? bounds.GuaranteedCount : 0;
                departed.AddHash(caller.Low, (int)Math.Clamp(asked + Math.Max(0, before - known), 1, int.MaxValue));
            },
            AskedBefore = caller => departed.TryGetHash(caller.Low, out HeavyHitter bounds) ? bounds.GuaranteedCount : 0,
        };
        DossierTable dossiers = new(
            Math.Min(plan.Dossiers, plan.CallerCapacity), () => new Dossier(_keys.Sketches, new AnswerHistory(_keys.Labels, DecayedHistogram.DefaultBuckets, stripes: 1, whole: _answers)));
        return new AdmissionControl(_clock, plan, callers, dossiers, globalLimit);
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
