namespace InferenceShield;

/// <summary>May a caller ask: rates, quotas and budgets of callers, tenants, networks and the model, and the batch size.</summary>
/// <remarks>A call is admitted if every limit that applies to it admits it; then all are charged, else none.</remarks>
public sealed class AdmissionOptions
{
    /// <summary>What one caller may ask.</summary>
    /// <value>The default is 1,000 queries an hour with a burst of 256: enough to use a model, not enough to copy one
    /// unnoticed in an afternoon. Raise it for the callers and models where you know better.</value>
    public LimitOptions PerCaller { get; set; } = new() { Queries = 1000, Period = TimeSpan.FromHours(1), Burst = 256 };

    /// <summary>What the callers of one tenant may ask together. Applies to callers whose handle names a tenant.</summary>
    /// <value>The default, <see langword="null"/>, sets no limit. The burst must hold <see cref="MaxRowsPerCall"/>.</value>
    public LimitOptions? PerTenant { get; set; }

    /// <summary>What the callers from one network may ask together. Applies to callers whose handle names a network.</summary>
    /// <value>The default, <see langword="null"/>, sets no limit. The burst must hold <see cref="MaxRowsPerCall"/>.</value>
    public LimitOptions? PerNetwork { get; set; }

    /// <summary>What all callers of the model may ask together.</summary>
    /// <value>The default, <see langword="null"/>, sets no limit. The burst must hold <see cref="MaxRowsPerCall"/>.</value>
    public LimitOptions? PerModel { get; set; }

    /// <summary>What a call costs, for the cost budgets and the counted cost.</summary>
    public PriceOptions Price { get; set; } = new();

    /// <summary>What all callers together may ask who came while the caller table was full.</summary>
    /// <value>The default is 60 queries an hour with a burst of 16, shared. It may not be laxer than <see cref="PerCaller"/>.</value>
    public RateOptions Overflow { get; set; } = new() { Queries = 60, Period = TimeSpan.FromHours(1), Burst = 16 };

    /// <summary>What a blocked caller gets.</summary>
    /// <value>The default is <see cref="BlockedTreatment.Refuse"/>, which tells the caller that it was found out.
    /// <see cref="CallerOverrides.Revoke"/> refuses whatever this says.</value>
    public BlockedTreatment Blocked { get; set; }

    /// <summary>How late a blocked caller's answers are to come, with <see cref="BlockedTreatment.Restrict"/>.</summary>
    /// <value>0 to a minute; the default is 1 second. Told as <see cref="Admission.Delay"/>; the shield itself never waits. A
    /// delay shows: without one, nothing but the answers tells a blocked caller from others.</value>
    public TimeSpan BlockedDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Rows one call may hold. A larger batch is an error, not a refusal: waiting would not help.</summary>
    /// <value>1 to the burst of <see cref="PerCaller"/>; the default, <see langword="null"/>, is that burst.</value>
    public int? MaxRowsPerCall { get; set; }
}
