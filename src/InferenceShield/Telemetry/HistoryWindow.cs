namespace InferenceShield;

/// <summary>How far back a history looks. Windows decay exponentially: what is as old as the window weighs 1/e, 37 %.</summary>
public enum HistoryWindow
{
    /// <summary>One minute: bursts.</summary>
    Minute = 0,

    /// <summary>One hour.</summary>
    Hour,

    /// <summary>One day.</summary>
    Day,

    /// <summary>30 days: low and slow.</summary>
    Month,
}
