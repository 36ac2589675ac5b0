using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>Calls the host's containment, one call after the other, off every query's way. Thread-safe.</summary>
internal sealed class ContainmentRunner : IDisposable
{
    /// <summary>Calls that wait; more are dropped and counted.</summary>
    public const int Capacity = 256;

    private readonly Channel<(bool Revokes, ShieldEvent Transition)> _calls = Channel.CreateBounded<(bool, ShieldEvent)>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private readonly CancellationTokenSource _end = new();
    private readonly IShieldContainment _containment;
    private readonly ILogger _logger;
    private readonly string _shield;
    private readonly TimeSpan _patience;
    private readonly CancellationToken _ended;
    private long _calledTimes;
    private long _failures;
    private long _dropped;

    /// <param name="containment">The host's.</param>
    /// <param name="shield">The shield's name, for the log.</param>
    /// <param name="logger">For calls that failed twice.</param>
    /// <param name="patience">How long a call may take, in real time.</param>
    public ContainmentRunner(IShieldContainment containment, string shield, ILogger logger, TimeSpan patience)
    {
        _containment = containment;
        _shield = shield;
        _logger = logger;
        _patience = patience;
        _ended = _end.Token;
        _ = Task.Run(WorkAsync);
    }

    /// <summary>Calls that ended well.</summary>
    public long Called => Volatile.Read(ref _calledTimes);

    /// <summary>Calls that failed twice.</summary>
    public long Failures => Volatile.Read(ref _failures);

    public long Dropped => Volatile.Read(ref _dropped);

    public void Revoke(ShieldEvent transition) => Add(revokes: true, transition);

    public void Rotate(ShieldEvent transition) => Add(revokes: false, transition);

    /// <summary>Cancels what is under way and drops what waits.</summary>
    public void Dispose()
    {
        if (!_calls.Writer.TryComplete())
        {
            return; // a container disposes of a shield twice: as its own and through what owns it
        }

        _end.Cancel();
        _end.Dispose();
    }

    private void Add(bool revokes, ShieldEvent transition)
    {
        if (!_calls.Writer.TryWrite((revokes, transition)))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    private async Task WorkAsync()
    {
        while (!_ended.IsCancellationRequested && await _calls.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            while (!_ended.IsCancellationRequested && _calls.Reader.TryRead(out (bool Revokes, ShieldEvent Transition) call))
            {
                string? fault = await CallAsync(call.Revokes, call.Transition).ConfigureAwait(false);
                fault = fault is null || _ended.IsCancellationRequested ? fault : await CallAsync(call.Revokes, call.Transition).ConfigureAwait(false);
                if (fault is null)
                {
                    Interlocked.Increment(ref _calledTimes);
                    continue;
                }

                Interlocked.Increment(ref _failures);
                ShieldLog.ContainmentFailed(_logger, _shield, call.Revokes ? "revoke" : "rotate", fault);
            }
        }
    }

    /// <returns>The kind of its fault; null for none. Not its text, which may name a caller.</returns>
    private async Task<string?> CallAsync(bool revokes, ShieldEvent transition)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_ended);
        CancellationToken token = patience.Token;
        try
        {
            // Run apart: a host that blocks before its first await is left behind, too. Its time starts when it does: where threads are
            // scarce, a call that only waited for one has not failed.
            Task call = Task.Run(
                async () =>
                {
                    token.ThrowIfCancellationRequested();
                    patience.CancelAfter(_patience);
                    if (revokes)
                    {
                        await _containment.RevokeAsync(transition, token).ConfigureAwait(false);
                    }
                    else
                    {
                        await _containment.RotateAsync(transition, token).ConfigureAwait(false);
                    }
                },
                CancellationToken.None);
            await call.WaitAsync(token).ConfigureAwait(false);
            return null;
        }
#pragma warning disable CA1031 // Whatever the host throws, the next call has to be made.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return exception.GetType().Name;
        }
    }
}
