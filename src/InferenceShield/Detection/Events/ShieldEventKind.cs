namespace InferenceShield;

/// <summary>What a <see cref="ShieldEvent"/> is about.</summary>
public enum ShieldEventKind
{
    /// <summary>A caller's statistic passed a threshold.</summary>
    Alarm = 0,

    /// <summary>A caller's posture changed, or would have.</summary>
    PostureChanged,

    /// <summary>Callers that act together were found, or became more.</summary>
    Campaign,

    /// <summary>A caller, tenant or campaign reached a band of the leak odometer.</summary>
    Odometer,

    /// <summary>Live traffic does not look like the calibration's any more.</summary>
    Drift,
}
