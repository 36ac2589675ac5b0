namespace InferenceShield;

/// <summary>Who may add to a <see cref="CountMinSketch"/>, and how.</summary>
public enum CountMinUpdate
{
    /// <summary>Any number of threads at once: every counter of the item is incremented atomically. The textbook sketch and
    /// the textbook error. The default.</summary>
    Atomic = 0,

    /// <summary>One thread at a time: only counters below the item's new estimate are raised, to it (Estan and Varghese,
    /// 2002). Estimates are never above those of <see cref="Atomic"/> and mostly well below; several counters have to
    /// change as one, which no lock-free scheme does.</summary>
    Conservative = 1,
}
