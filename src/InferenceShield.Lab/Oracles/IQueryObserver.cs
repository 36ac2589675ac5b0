namespace InferenceShield.Lab;

/// <summary>Sees what reaches a model: which caller asked which rows when, and what became of them.</summary>
/// <remarks>For accounting, and for whoever wants to know what a detector would have to go by. One observer may serve the
/// <see cref="ObservedOracle"/>s of many callers.</remarks>
public interface IQueryObserver
{
    /// <summary>Sees one batch, after the oracle has replied and before the attacker knows.</summary>
    void Observe(in ObservedBatch batch);
}
