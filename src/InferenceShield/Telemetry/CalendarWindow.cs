namespace InferenceShield;

/// <summary>A UTC day and the end of its month, in nanoseconds of a shield's clock.</summary>
/// <param name="DayStart">The day's first nanosecond; negative if the day began before the clock did.</param>
/// <param name="DayEnd">The next day's first nanosecond; <see cref="long.MaxValue"/> if the clock never gets there.</param>
/// <param name="MonthEnd">The next month's first nanosecond; <see cref="long.MaxValue"/> if the clock never gets there.</param>
internal sealed record CalendarWindow(long DayStart, long DayEnd, long MonthEnd);
