using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>What operators have decided about single callers. Takes effect on the caller's next query.</summary>
/// <remarks>Thread-safe. Callers with an override keep their record for good. Not persisted: the host sets them again
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

    /// <summary>Decides about a caller, in place of what was decided before.</summary>
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
            _overrides[caller] = after;
            Volatile.Write(ref _count, _count + (before is null ? 1 : 0));
            _admission.Apply(caller, before, after);
        }
    }

    /// <summary>Refuses a caller until it is restored.</summary>
    /// <param name="caller">Whom.</param>
    public void Revoke(CallerKey caller) => Set(caller, new CallerOverride { Posture = Posture.Blocked });

    /// <summary>Puts a caller on the allow list: no limit of its own, its tenant's or its network's applies until it is restored.</summary>
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
            if (!_overrides.TryRemove(caller, out CompiledOverride? before))
            {
                return false;
            }

            Volatile.Write(ref _count, _count - 1);
            _admission.Apply(caller, before, after: null);
            return true;
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
