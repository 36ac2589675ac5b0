namespace InferenceShield;

/// <summary>How events reach their sinks: see <see cref="IShieldEventSink"/>.</summary>
/// <remarks>Read once, when the shield is built.</remarks>
public sealed class EventOptions
{
    /// <summary>Events that wait for one sink. While as many wait, further ones are dropped and counted.</summary>
    /// <value>1 to 100,000; the default is 1,024.</value>
    public int Capacity { get; set; } = 1024;

    /// <summary>For how long an event is left out if one of its kind, about the same caller or campaign, said as much or more.</summary>
    /// <value>0 (everything is said) to a day; the default is 10 minutes. What is worse than what was said, and every change to another
    /// posture, is said at once. The next event of the kind tells how many were left out.</value>
    public TimeSpan CoolDown { get; set; } = TimeSpan.FromMinutes(10);
}
