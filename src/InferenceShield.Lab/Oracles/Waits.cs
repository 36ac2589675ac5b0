namespace InferenceShield.Lab;

/// <summary>Waiting on a clock.</summary>
internal static class Waits
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(30);

    /// <summary>Waits at least this long: Task.Delay cuts to milliseconds, which is too early, and takes no more than 49 days.</summary>
    public static async Task WaitAsync(this TimeProvider time, TimeSpan wait, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (TimeSpan rest = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)); rest > TimeSpan.Zero; rest -= s_longest)
        {
            await Task.Delay(rest < s_longest ? rest : s_longest, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
