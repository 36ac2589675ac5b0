namespace InferenceShield;

/// <summary>Why an <see cref="Admission"/> came out as it did.</summary>
public enum AdmissionReason
{
    /// <summary>No decision: <c>default(Admission)</c>, which no shield accepts.</summary>
    None = 0,

    /// <summary>Within the limits.</summary>
    WithinLimits,

    /// <summary>The rate and burst are used up.</summary>
    Rate,

    /// <summary>The queries of this UTC day are used up.</summary>
    DailyQueries,

    /// <summary>The queries of this UTC month are used up.</summary>
    MonthlyQueries,

    /// <summary>The cost budget of this UTC day is used up.</summary>
    DailyCost,

    /// <summary>The cost budget of this UTC month is used up.</summary>
    MonthlyCost,

    /// <summary>The caller table is full and the bucket that newcomers share is used up, or too small for this batch.</summary>
    CallerTableFull,

    /// <summary>The batch holds more than an operator's limit for this caller, or the global limit, can ever admit at once: split it.</summary>
    BatchTooLarge,

    /// <summary>The caller is blocked, by an operator or by its posture.</summary>
    Blocked,
}
