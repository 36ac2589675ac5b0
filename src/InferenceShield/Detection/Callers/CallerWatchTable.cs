namespace InferenceShield;

/// <summary>The callers that detection watches: a fixed number of states, found by keyed hash. Thread-safe.</summary>
/// <remarks>A state is changed by one thread at a time, between <see cref="TryEnter"/> and <see cref="Exit"/>. Whoever cannot get it in a
/// bounded time leaves its query out, which is counted: a query left out raises no alarm.</remarks>
internal sealed class CallerWatchTable
{
    /// <param name="capacity">States; all memory is taken at once.</param>
    public CallerWatchTable(int capacity) => Capacity = capacity;

    public int Capacity { get; }

    public int Count => throw new NotImplementedException();

    /// <summary>Queries left out because the state was busy, or had no room.</summary>
    public long Missed => throw new NotImplementedException();

    /// <summary>The state of a slot; only between TryEnter and Exit.</summary>
    public ref CallerWatch this[int slot] => throw new NotImplementedException();

    /// <summary>Finds or makes the caller's state and keeps others out of it.</summary>
    public bool TryEnter(CallerKey caller, long now, out int slot) => throw new NotImplementedException();

    /// <summary>Finds the caller's state, if it has one, and keeps others out of it.</summary>
    public bool TryEnterExisting(CallerKey caller, out int slot) => throw new NotImplementedException();

    public void Exit(int slot) => throw new NotImplementedException();

    /// <summary>A consistent copy of a slot's state and whose it is; for workers, slot by slot from 0 to <see cref="Slots"/>.</summary>
    public bool TryCopy(int slot, out CallerKey caller, out CallerWatch watch) => throw new NotImplementedException();

    public int Slots => throw new NotImplementedException();
}
