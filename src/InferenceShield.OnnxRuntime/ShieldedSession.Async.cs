namespace InferenceShield.OnnxRuntime;

/// <content>Calls on the thread pool.</content>
public sealed partial class ShieldedSession
{
    /// <summary>As <see cref="Run(CallerKey, ReadOnlySpan{float}, Span{float}, CancellationToken)"/>, on the thread pool, for
    /// services that must not block the calling thread. Input and answer stay in use until it has finished. Waits as
    /// <see cref="Admission.Delay"/> says.</summary>
    public Task<Admission> RunAsync(CallerKey caller, ReadOnlyMemory<float> input, Memory<float> released, CancellationToken cancellationToken = default) =>
        RunLater(() => Run(caller, input.Span, released.Span, cancellationToken), cancellationToken);

    /// <summary>As <see cref="Run(CallerKey, ShieldedRequest, CancellationToken)"/>, on the thread pool, for services that
    /// must not block the calling thread. The request stays in use until it has finished. Waits as
    /// <see cref="Admission.Delay"/> says.</summary>
    public Task<Admission> RunAsync(CallerKey caller, ShieldedRequest request, CancellationToken cancellationToken = default) =>
        RunLater(() => Run(caller, request, cancellationToken), cancellationToken);

    /// <summary>As for a key, for a caller looked up before: its tenant's and network's limits apply too.</summary>
    /// <inheritdoc cref="RunAsync(CallerKey, ReadOnlyMemory{float}, Memory{float}, CancellationToken)"/>
    public Task<Admission> RunAsync(CallerHandle caller, ReadOnlyMemory<float> input, Memory<float> released, CancellationToken cancellationToken = default) =>
        RunLater(() => Run(caller, input.Span, released.Span, cancellationToken), cancellationToken);

    /// <summary>As for a key, for a caller looked up before: its tenant's and network's limits apply too.</summary>
    /// <inheritdoc cref="RunAsync(CallerKey, ShieldedRequest, CancellationToken)"/>
    public Task<Admission> RunAsync(CallerHandle caller, ShieldedRequest request, CancellationToken cancellationToken = default) =>
        RunLater(() => Run(caller, request, cancellationToken), cancellationToken);

    private static Task<Admission> RunLater(Func<Admission> run, CancellationToken cancellationToken)
    {
        return WaitAsync(Task.Run(run, cancellationToken), cancellationToken);

        static async Task<Admission> WaitAsync(Task<Admission> running, CancellationToken cancellationToken)
        {
            Admission admission = await running.ConfigureAwait(false);
            if (admission.Delay > TimeSpan.Zero)
            {
                await Task.Delay(admission.Delay, cancellationToken).ConfigureAwait(false);
            }

            return admission;
        }
    }
}
