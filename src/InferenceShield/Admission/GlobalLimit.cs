using System.Globalization;
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
    private readonly string _key;
    private volatile Limit _limit;
    private (int Rows, string Model) _largestBatch = (1, "");

    /// <summary>Makes one that nothing has been charged to.</summary>
    /// <param name="options">The limit. Its burst has to hold the largest batch that a model takes.</param>
    /// <param name="timeProvider">The clock: that of the shields. The default is <see cref="TimeProvider.System"/>.</param>
    /// <exception cref="OptionsValidationException">Not valid; every fault is named.</exception>
    public GlobalLimit(LimitOptions options, TimeProvider? timeProvider = null)
        : this(options, timeProvider, "GlobalLimit")
    {
    }

    internal GlobalLimit(LimitOptions options, TimeProvider? timeProvider, string key)
    {
        _key = key;
        _limit = Compile(options);
        Clock = ShieldClock.Of(timeProvider ?? TimeProvider.System);
    }

    internal ShieldClock Clock { get; }

    internal Limit Limit => _limit;

    internal Gate Gate { get; } = new();

    internal ref CallerRecord Record => ref _record[0];

    /// <summary>Puts another limit into force. What was used up stays used up: it is the same number of queries. Queries wait
    /// meanwhile, for some 20 milliseconds.</summary>
    /// <param name="options">The limit.</param>
    /// <exception cref="OptionsValidationException">Not valid; every fault is named, and the limit stays as it was.</exception>
    public void Change(LimitOptions options)
    {
        lock (_changeLock)
        {
            Limit limit = Compile(options);
            Gate.WhileClosed(() =>
            {
                limit.Rate.Restate(ref Record.Arrival, _limit.Rate, Clock.Now);
                _limit = limit;
            });
        }
    }

    /// <summary>Refuses to limit a model whose batches it could never hold, now and after later changes.</summary>
    /// <exception cref="OptionsValidationException">It could not.</exception>
    internal void CheckBatch(int rows, string model)
    {
        lock (_changeLock)
        {
            if (FaultOf(_limit.Rate.Burst, rows, model) is { } fault)
            {
                throw new OptionsValidationException(_key, typeof(LimitOptions), [fault]);
            }

            _largestBatch = rows > _largestBatch.Rows ? (rows, model) : _largestBatch;
        }
    }

    private string? FaultOf(int burst, int rows, string model) => burst >= rows ? null : string.Create(CultureInfo.InvariantCulture,
        $"{_key}:Burst is {burst:N0}; allowed: {rows:N0} (the rows one call of model '{model}' may hold) to 1,000,000. A full batch could never be admitted.");

    private Limit Compile(LimitOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<string> faults = [.. ShieldOptionsValidator.Validate(options, _key)];
        if (faults.Count == 0 && FaultOf(options.Burst, _largestBatch.Rows, _largestBatch.Model) is { } fault)
        {
            faults.Add(fault);
        }

        return faults.Count == 0 ? new Limit(options) : throw new OptionsValidationException(_key, typeof(LimitOptions), faults);
    }
}
