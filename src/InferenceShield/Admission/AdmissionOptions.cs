namespace InferenceShield;

/// <summary>May a caller ask: rates per caller and batch size.</summary>
public sealed class AdmissionOptions
{
    /// <summary>What one caller may ask.</summary>
    /// <value>The default is 1,000 queries an hour with a burst of 256: enough to use a model, not enough to copy one
    /// unnoticed in an afternoon. Raise it for the callers and models where you know better.</value>
    public RateOptions PerCaller { get; set; } = new() { Queries = 1000, Period = TimeSpan.FromHours(1), Burst = 256 };

    /// <summary>What all callers together may ask who came after the caller table was full.</summary>
    /// <value>The default is 60 queries an hour with a burst of 16, shared. It may not be laxer than <see cref="PerCaller"/>.</value>
    public RateOptions Overflow { get; set; } = new() { Queries = 60, Period = TimeSpan.FromHours(1), Burst = 16 };

    /// <summary>Rows one call may hold. A larger batch is an error, not a refusal: waiting would not help.</summary>
    /// <value>1 to the burst of <see cref="PerCaller"/>; the default, <see langword="null"/>, is that burst.</value>
    public int? MaxRowsPerCall { get; set; }
}
