using System.Globalization;
using System.Numerics;

namespace InferenceShield;

/// <summary>Finds every fault in a <see cref="ShieldOptions"/>, each with its key, its value and what is allowed.</summary>
internal sealed partial class ShieldOptionsValidator
{
    private static readonly TimeSpan s_shortestPeriod = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longestPeriod = TimeSpan.FromDays(31);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longestRefill = TimeSpan.FromDays(366);

    private readonly string _prefix;
    private readonly List<string> _faults = [];
    private int _outputs = 1;

    private ShieldOptionsValidator(string prefix) => _prefix = prefix;

    /// <param name="options">What to check.</param>
    /// <param name="prefix">Where the options come from, ending in ':', or empty.</param>
    /// <param name="serving">The plan in force, whose fixed parts must stay, or null.</param>
    public static IReadOnlyList<string> Validate(ShieldOptions options, string prefix, ShieldPlan? serving)
    {
        ShieldOptionsValidator validator = new(prefix);
        validator._faults.AddRange(options.ReadingFaults);
        validator.Check(options);
        if (validator._faults.Count == 0 && serving is not null)
        {
            validator.CheckFixedParts(options, serving);
        }

        return validator._faults;
    }

    /// <summary>The faults of an operator's override.</summary>
    public static IReadOnlyList<string> Validate(CallerOverride callerOverride)
    {
        ShieldOptionsValidator validator = new("");
        if (callerOverride.Posture is { } posture && !Enum.IsDefined(posture))
        {
            validator.Fault("Posture", posture, "Normal, Guarded, Restricted or Blocked");
        }

        if (callerOverride.Limit is { } limit)
        {
            validator.CheckLimit("Limit", limit, admission: null);
        }

        return validator._faults;
    }

    /// <summary>The faults of a limit by itself.</summary>
    public static IReadOnlyList<string> Validate(LimitOptions limit, string key)
    {
        ShieldOptionsValidator validator = new("");
        validator.CheckLimit(key, limit, admission: null);
        return validator._faults;
    }

    private void Check(ShieldOptions options)
    {
        if (!Enum.IsDefined(options.Mode))
        {
            Fault("Mode", options.Mode, "Enforce or ObserveOnly");
        }

        if (Required("Callers", options.Callers))
        {
            Range("Callers:Capacity", options.Callers.Capacity, 1, 20_000_000);
            Range("Callers:Dossiers", options.Callers.Dossiers, 0, 100_000);
            Range("Callers:TenantCapacity", options.Callers.TenantCapacity, 1, 20_000_000);
            Range("Callers:NetworkCapacity", options.Callers.NetworkCapacity, 1, 20_000_000);
        }

        if (Required("Admission", options.Admission))
        {
            _outputs = options.Outputs?.Count ?? 0;
            CheckAdmission(options.Admission);
        }

        HardeningOptions[] shared = PostureHardening.SharedOf(options);
        for (int posture = 0; posture < PostureHardening.Count; posture++)
        {
            if (Required(PostureHardening.Keys[posture], shared[posture]))
            {
                CheckHardening(PostureHardening.Keys[posture], shared[posture]);
            }
        }

        if (Required("Postures", options.Postures))
        {
            CheckPostureRules(options.Postures, options.Admission?.PerCaller);
        }

        if (Required("Detection", options.Detection))
        {
            CheckDetection(options.Detection);
        }

        if (Required("Utility", options.Utility))
        {
            _faults.AddRange(options.Utility.FindFaults().Select(fault => $"{_prefix}Utility:{fault}"));
        }

        if (options.Trial is not null)
        {
            CheckTrial(options.Trial);
        }

        if (Required("Events", options.Events))
        {
            CheckEvents(options.Events);
        }

        if (Required(nameof(options.Evidence), options.Evidence))
        {
            CheckEvidence(options.Evidence);
        }

        if (Required("Outputs", options.Outputs))
        {
            CheckOutputs(options);
        }
    }

    private void CheckAdmission(AdmissionOptions admission)
    {
        bool caller = Required("Admission:PerCaller", admission.PerCaller)
            && CheckLimit("Admission:PerCaller", admission.PerCaller, admission);
        CheckShared("Admission:PerTenant", admission.PerTenant, admission);
        CheckShared("Admission:PerNetwork", admission.PerNetwork, admission);
        CheckShared("Admission:PerModel", admission.PerModel, admission);
        if (!Enum.IsDefined(admission.Blocked))
        {
            Fault("Admission:Blocked", admission.Blocked, "Refuse or Restrict");
        }

        if (admission.BlockedDelay < TimeSpan.Zero || admission.BlockedDelay > s_longestDelay)
        {
            Fault("Admission:BlockedDelay", admission.BlockedDelay, "00:00:00 to 00:01:00");
        }

        if (Required("Admission:Price", admission.Price))
        {
            Range("Admission:Price:PerCall", admission.Price.PerCall, 0, 1_000_000);
            Range("Admission:Price:PerQuery", admission.Price.PerQuery, 0, 1_000_000);
            Range("Admission:Price:PerOutput", admission.Price.PerOutput, 0, 1_000_000);
        }

        bool overflow = Required("Admission:Overflow", admission.Overflow)
            && CheckRate("Admission:Overflow", admission.Overflow);
        if (caller && admission.MaxRowsPerCall is { } rows)
        {
            Range("Admission:MaxRowsPerCall", rows, 1, admission.PerCaller.Burst);
        }

        if (caller && overflow
            && (Gcra.IncrementOf(admission.Overflow) < Gcra.IncrementOf(admission.PerCaller)
                || admission.Overflow.Burst > admission.PerCaller.Burst))
        {
            _faults.Add(_prefix + "Admission:Overflow is laxer than Admission:PerCaller; it must not be: an attacker who floods the caller table would gain by it.");
        }
    }

    /// <summary>A limit that several callers share must let the largest batch of one of them through.</summary>
    private void CheckShared(string key, LimitOptions? limit, AdmissionOptions admission)
    {
        if (limit is not null && CheckLimit(key, limit, admission) && admission.PerCaller is { } caller
            && limit.Burst < (admission.MaxRowsPerCall ?? caller.Burst))
        {
            Fault(key + ":Burst", limit.Burst, string.Create(CultureInfo.InvariantCulture,
                $"{admission.MaxRowsPerCall ?? caller.Burst:N0} (the rows one call may hold) to 1,000,000; a full batch could never be admitted"));
        }
    }

    private bool CheckLimit(string key, LimitOptions limit, AdmissionOptions? admission)
    {
        int before = _faults.Count;
        CheckRate(key, limit);
        long rows = admission?.MaxRowsPerCall ?? admission?.PerCaller?.Burst ?? 1;
        long cost = admission?.Price is { } price ? price.PerCall + (rows * (price.PerQuery + ((long)price.PerOutput * _outputs))) : 1;
        CheckQuota(key + ":DailyQueries", limit.DailyQueries, rows);
        CheckQuota(key + ":MonthlyQueries", limit.MonthlyQueries, rows);
        CheckQuota(key + ":DailyCost", limit.DailyCost, cost);
        CheckQuota(key + ":MonthlyCost", limit.MonthlyCost, cost);
        if (cost == 0 && (limit.DailyCost ?? limit.MonthlyCost) is not null)
        {
            _faults.Add($"{_prefix}{key} has a cost budget, but Admission:Price makes every call cost 0. Set a price or remove the budget.");
        }

        return _faults.Count == before;
    }

    private void CheckQuota(string key, long? quota, long batch)
    {
        if (quota is { } value)
        {
            Range(key, value, 1, Quota.Most);
            if (value >= 1 && value < batch)
            {
                _faults.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{_prefix}{key} is {value:N0}, less than a full batch takes ({batch:N0}), which could never be admitted. Raise it or lower Admission:MaxRowsPerCall."));
            }
        }
    }

    private bool CheckRate(string key, RateOptions rate)
    {
        int before = _faults.Count;
        Range(key + ":Queries", rate.Queries, 1, 1_000_000_000);
        Range(key + ":Burst", rate.Burst, 1, 1_000_000);
        if (rate.Period < s_shortestPeriod || rate.Period > s_longestPeriod)
        {
            Fault(key + ":Period", rate.Period, "00:00:00.001 to 31.00:00:00");
        }

        if (_faults.Count > before)
        {
            return false;
        }

        double perSecond = rate.Queries / rate.Period.TotalSeconds;
        if (perSecond > 1_000_000)
        {
            _faults.Add(string.Create(CultureInfo.InvariantCulture,
                $"{_prefix}{key} is {perSecond:N0} queries per second (Queries / Period); allowed: up to 1,000,000."));
        }

        double refill = rate.Period.TotalSeconds / rate.Queries * rate.Burst;
        if (refill > s_longestRefill.TotalSeconds)
        {
            _faults.Add(string.Create(CultureInfo.InvariantCulture,
                $"{_prefix}{key} takes {refill / 86_400:N0} days to refill (Burst x Period / Queries); allowed: up to {s_longestRefill.TotalDays:N0} days."));
        }

        return _faults.Count == before;
    }

    private void CheckFixedParts(ShieldOptions options, ShieldPlan serving)
    {
        Fixed("Callers:Capacity", options.Callers.Capacity, serving.CallerCapacity);
        Fixed("Callers:Dossiers", options.Callers.Dossiers, serving.Dossiers);
        Fixed("Callers:TenantCapacity", options.Callers.TenantCapacity, serving.TenantCapacity);
        Fixed("Callers:NetworkCapacity", options.Callers.NetworkCapacity, serving.NetworkCapacity);
        Fixed("Detection:Callers", options.Detection.Callers, serving.WatchedCallers);
        CheckFixedRecording(options.Detection, serving.Recording);
        CheckFixedEvidence(options.Evidence, serving.Evidence);

        if (!serving.HasSameOutputs(options))
        {
            _faults.Add(_prefix + "Outputs: names and kinds are fixed while serving. Restart to change them.");
        }
    }

    private void Fixed(string key, int value, int serving)
    {
        if (value != serving)
        {
            Fault(key, value, string.Create(CultureInfo.InvariantCulture, $"{serving}, as at start; it is fixed while serving. Restart to change it"));
        }
    }

    private bool Required<T>(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] T? value)
        where T : class
    {
        if (value is null)
        {
            _faults.Add(_prefix + key + " is null; leave it out for the default.");
        }

        return value is not null;
    }

    private void Range<T>(string key, T value, T least, T most)
        where T : INumber<T>
    {
        // Written so that NaN is a fault.
        if (!(value >= least && value <= most))
        {
            Fault(key, value, string.Create(CultureInfo.InvariantCulture, $"{least:#,0.##} to {most:#,0.##}"));
        }
    }

    private void Fault<T>(string key, T value, string allowed) =>
        _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{_prefix}{key} is {value}; allowed: {allowed}."));
}
