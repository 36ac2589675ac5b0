namespace InferenceShield;

/// <summary>What a shield does about verdicts.</summary>
public enum PostureMode
{
    /// <summary>Sets callers' postures. The default.</summary>
    Act = 0,

    /// <summary>Only says what it would have done.</summary>
    Observe,

    /// <summary>Works out no postures. Alarms are reported all the same.</summary>
    Off,
}
