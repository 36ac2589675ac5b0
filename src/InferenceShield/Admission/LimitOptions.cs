namespace InferenceShield;

/// <summary>A rate, and what a calendar day and month (UTC) may hold.</summary>
public sealed class LimitOptions : RateOptions
{
    /// <summary>Queries per UTC day.</summary>
    /// <value>1 to 1,000,000,000,000; the default, <see langword="null"/>, sets no quota.</value>
    public long? DailyQueries { get; set; }

    /// <summary>Queries per UTC month.</summary>
    /// <value>1 to 1,000,000,000,000; the default, <see langword="null"/>, sets no quota.</value>
    public long? MonthlyQueries { get; set; }

    /// <summary>Cost per UTC day, in the units of <see cref="PriceOptions"/>.</summary>
    /// <value>1 to 1,000,000,000,000; the default, <see langword="null"/>, sets no budget.</value>
    public long? DailyCost { get; set; }

    /// <summary>Cost per UTC month, in the units of <see cref="PriceOptions"/>.</summary>
    /// <value>1 to 1,000,000,000,000; the default, <see langword="null"/>, sets no budget.</value>
    public long? MonthlyCost { get; set; }
}
