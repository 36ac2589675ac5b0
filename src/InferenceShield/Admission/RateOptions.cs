namespace InferenceShield;

/// <summary>A rate and a burst, in queries (input rows).</summary>
public class RateOptions
{
    internal const int MostBurst = 1_000_000;

    /// <summary>Queries allowed per <see cref="Period"/> in the long run.</summary>
    /// <value>1 to 1,000,000,000.</value>
    public int Queries { get; set; }

    /// <summary>The time over which <see cref="Queries"/> are spread.</summary>
    /// <value>1 millisecond to 31 days; at most 1,000,000 queries a second come out of it.</value>
    public TimeSpan Period { get; set; }

    /// <summary>Queries a rested caller may send at once.</summary>
    /// <value>1 to 1,000,000; refilling it from empty must not take longer than 366 days.</value>
    public int Burst { get; set; }
}
