namespace InferenceShield;

/// <summary>What one call asks of every limit.</summary>
/// <param name="Now">Nanoseconds of the shield's clock: read once a call.</param>
/// <param name="Rows">Queries.</param>
/// <param name="Cost">Cost units.</param>
/// <param name="DayEnd">End of the UTC day, in nanoseconds of the shield's clock.</param>
/// <param name="MonthEnd">End of the UTC month, in nanoseconds of the shield's clock.</param>
/// <param name="Clock">The clock, for charges that are taken back; null where it stands still.</param>
internal readonly record struct Charge(long Now, int Rows, long Cost, long DayEnd, long MonthEnd, ShieldClock? Clock = null);
