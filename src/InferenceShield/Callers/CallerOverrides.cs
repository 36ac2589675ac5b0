using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>What operators have decided about single callers. Takes effect on the caller's next query. A change of a caller's limit
/// makes queries wait for some 20 milliseconds, while what it owes is restated.</summary>
/// <remarks>Thread-safe. Callers with an override keep their record for good. One that finds
/// no room in a full table is blocked, allowed or restricted all the same, but its own limit waits until it gets a record: until then it
/// shares the bucket of newcomers. Not persisted: the host sets them again
/// after a restart.</remarks>
public sealed class CallerOverrides
{
    /// <summary>The most overrides there can be.</summary>
    public const int Most = 100_000;

    private readonly ConcurrentDictionary<CallerKey, CompiledOverride> _overrides = new();
    private readonly Lock _changeLock = new();
    private readonly AdmissionControl _admission;
    private int _count;

    internal CallerOverrides(AdmissionControl admission) => _admission = admission;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Decides about a caller, in place of all that was decided before, a revocation included.</summary>
    /// <param name="caller">Whom.</param>
    /// <param name="callerOverride">What. Read once.</param>
    /// <exception cref="OptionsValidationException">It is not valid; every fault is named.</exception>
    /// <exception cref="InvalidOperationException">There are too many.</exception>
    public void Set(CallerKey caller, CallerOverride callerOverride)
    {
        ArgumentNullException.ThrowIfNull(callerOverride);
        CheckKey(caller);
        IReadOnlyList<string> faults = ShieldOptionsValidator.Validate(callerOverride);
        if (faults.Count > 0)
        {
            throw new OptionsValidationException("override", typeof(CallerOverride), faults);
        }

        lock (_changeLock)
        {
            CompiledOverride? before = Find(caller);
            if (before is null && _count >= Most)
            {
                throw new InvalidOperationException($"There are {Most:N0} overrides already. Restore callers that need none.");
            }

            CompiledOverride after = new(callerOverride);
            _admission.Apply(caller, before, after, publish: () =>
            {
                _overrides[caller] = after;
                Volatile.Write(ref _count, _count + (before is null ? 1 : 0));
            });
        }
    }

    /// <summary>What was decided about a caller.</summary>
    /// <param name="caller">About whom.</param>
    /// <returns>A copy; <see langword="null"/> if nothing was.</returns>
    public CallerOverride? TryGet(CallerKey caller) => Find(caller)?.ToOverride();

    /// <summary>Keeps a dossier of a caller from now on, or does so no longer; whatever else was decided about it stays.</summary>
    /// <param name="caller">Of whom.</param>
    /// <param name="watched">Whether to keep one.</param>
    /// <exception cref="InvalidOperationException">There are too many overrides.</exception>
    public void Watch(CallerKey caller, bool watched = true)
    {
        lock (_changeLock)
        {
            CallerOverride callerOverride = TryGet(caller) ?? new CallerOverride();
            callerOverride.Watched = watched;
            Set(caller, callerOverride);
        }
    }

    /// <summary>Refuses a caller until it is restored, also where the options say that blocked callers are answered.</summary>
    /// <param name="caller">Whom.</param>
    public void Revoke(CallerKey caller) => Set(caller, new CallerOverride { Posture = Posture.Blocked, Revoked = true });

    /// <summary>Puts a caller on the allow list: no limit of its own, its tenant's or its network's applies until it is restored.
    /// In place of all that was decided before, a revocation included.</summary>
    /// <param name="caller">Whom.</param>
    public void Allow(CallerKey caller) => Set(caller, new CallerOverride { Unlimited = true });

    /// <summary>Takes back what was decided about a caller.</summary>
    /// <param name="caller">About whom.</param>
    /// <returns>False if nothing was.</returns>
    public bool Restore(CallerKey caller)
    {
        CheckKey(caller);
        lock (_changeLock)
        {
            if (Find(caller) is not { } before)
            {
                return false;
            }

            _admission.Apply(caller, before, after: null, publish: () =>
            {
                _overrides.TryRemove(caller, out _);
                Volatile.Write(ref _count, _count - 1);
            });
            return true;
        }
    }

    /// <summary>Whether this thread is changing overrides.</summary>
    internal bool IsHeld => _changeLock.IsHeldByCurrentThread;

    /// <summary>Takes a mark from a record whose caller has no override; another time, if overrides are just being changed.</summary>
    internal void TryUnmark(CallerKey caller, int slot)
    {
        if (_changeLock.TryEnter())
        {
            try
            {
                if (Find(caller) is null)
                {
                    _admission.Unmark(slot);
                }
            }
            finally
            {
                _changeLock.Exit();
            }
        }
    }

    /// <summary>Does something while no override changes.</summary>
    internal void WhileUnchanged(Action action)
    {
        lock (_changeLock)
        {
            action();
        }
    }

    internal CompiledOverride? Find(CallerKey caller) => _overrides.GetValueOrDefault(caller);

    private static void CheckKey(CallerKey caller)
    {
        if (caller.IsEmpty)
        {
            throw new ArgumentException("The empty key names nobody. Make the caller's key with Shield.IdentifyCaller.", nameof(caller));
        }
    }
}
