using System.Runtime.ExceptionServices;

namespace InferenceShield.Tests;

/// <summary>Runs one action on several threads that start together.</summary>
internal static class Threads
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static void WaitUntil(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, s_patience), "Waited too long.");

    public static void Run(int count, Action<int> action)
    {
        using Barrier gate = new(count);
        ExceptionDispatchInfo? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            gate.SignalAndWait();
            try
            {
                action(number);
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        failure?.Throw();
    }
}
