namespace InferenceShield;

/// <summary>One entry of a <see cref="SpaceSavingStripe"/> by itself.</summary>
internal readonly record struct SpaceSavingEntry(ulong Hash, ulong Item, long Count, long Error);
