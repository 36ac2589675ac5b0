using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>What all callers of all models may ask together: one limit that several shields share.</summary>
/// <remarks>
/// <para>Give it to each of them with <see cref="ShieldBuilder.UseGlobalLimit"/>, or to all with
/// <c>AddInferenceShield().UseGlobalLimit(...)</c>. A call is charged here and at its caller, tenant, network and model, or nowhere.</para>
/// <para>Thread-safe. Costs one atomic operation a call on a cache line that all threads share: about as much as a contended counter.</para>
/// </remarks>
public sealed class GlobalLimit
{
    private readonly CallerRecord[] _record = new CallerRecord[1];
    private readonly Lock _changeLock = new();
    private volatile Limit _limit;

    /// <summary>Makes one that nothing has been charged to.</summary>
    /// <param name="options">The limit. Its burst has to hold the largest batch that a model takes: a larger one is refused.</param>
    /// <param name="timeProvider">The clock: that of the shields. The default is <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="OptionsValidationException">Not valid; every fault is named.</exception>
    public GlobalLimit(LimitOptions options, TimeProvider? timeProvider = null)
    {
        _limit = Compile(options);
        Clock = ShieldClock.Of(timeProvider ?? TimeProvider.System);
    }

    internal ShieldClock Clock { get; }

    internal Limit Limit => _limit;

    internal ref CallerRecord Record => ref _record[0];

    /// <summary>Puts another limit into force. What was used up stays used up: it is the same number of queries.</summary>
    /// <param name="options">The limit.</param>
    /// <exception cref="OptionsValidationException">Not valid; every fault is named, and the limit stays as it was.</exception>
    public void Change(LimitOptions options)
    {
        Limit limit = Compile(options);
        lock (_changeLock)
        {
            Limit before = _limit;
            _limit = limit;
            limit.Rate.Restate(ref Record.Arrival, before.Rate, Clock.Now);
        }
    }

    private static Limit Compile(LimitOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<string> faults = ShieldOptionsValidator.Validate(options, "GlobalLimit");
        return faults.Count == 0 ? new Limit(options) : throw new OptionsValidationException("GlobalLimit", typeof(LimitOptions), faults);
    }
}
