namespace InferenceShield;

/// <summary>One of the most frequent items, and the bounds of its count: Count - Error to Count.</summary>
/// <param name="Item">What was added: the number, or the keyed hash where bytes or a hash were added.</param>
/// <param name="Count">At least the true count.</param>
/// <param name="Error">How much <paramref name="Count"/> may be too great.</param>
public readonly record struct HeavyHitter(ulong Item, long Count, long Error)
{
    /// <summary>At most the true count.</summary>
    public long GuaranteedCount => Count - Error;
}
