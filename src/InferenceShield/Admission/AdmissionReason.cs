namespace InferenceShield;

/// <summary>Why an <see cref="Admission"/> came out as it did.</summary>
public enum AdmissionReason
{
    /// <summary>No decision: <c>default(Admission)</c>, which no shield accepts.</summary>
    None = 0,

    /// <summary>Within the limits.</summary>
    WithinLimits,

    /// <summary>The caller has used up its rate and burst.</summary>
    CallerRate,

    /// <summary>The caller table is full and the bucket that newcomers share is used up, or too small for this batch.</summary>
    CallerTableFull,
}
