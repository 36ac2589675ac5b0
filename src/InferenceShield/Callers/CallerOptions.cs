namespace InferenceShield;

/// <summary>How many callers a shield remembers one by one.</summary>
public sealed class CallerOptions
{
    /// <summary>Callers with a record of their own. Fixed while the shield lives.</summary>
    /// <value>1 to 20,000,000; the default is 100,000. Each takes 96 bytes, allocated once.</value>
    /// <remarks>When the table is full, callers that are new share one bucket with the rate of
    /// <see cref="AdmissionOptions.Overflow"/>; callers already known keep their own.</remarks>
    public int Capacity { get; set; } = 100_000;
}
