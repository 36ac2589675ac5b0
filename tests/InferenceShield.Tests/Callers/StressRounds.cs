namespace InferenceShield.Tests;

/// <summary>Runs threads in rounds, with a look at everything between two rounds, while nobody is at work.</summary>
/// <remarks>A violation ends the run after the round it is found in: no thread is left waiting for another.</remarks>
internal static class StressRounds
{
    /// <param name="threads">How many.</param>
    /// <param name="rounds">How many.</param>
    /// <param name="work">What each thread does in a round: its number, the round's number.</param>
    /// <param name="atRest">What is looked at after each round.</param>
    /// <exception cref="InvariantViolationException">The first violation that was found.</exception>
    public static void Run(int threads, int rounds, Action<int, int> work, Action<int> atRest)
    {
        InvariantViolationException? found = null;
        bool stops = false;
        using Barrier barrier = new(threads, barrier =>
        {
            Guard(() => atRest((int)barrier.CurrentPhaseNumber));
            stops = found is not null;
        });
        Thread[] running = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            for (int round = 0; round < rounds && !stops; round++)
            {
                Guard(() => work(number, round));
                barrier.SignalAndWait();
            }
        }))];
        Array.ForEach(running, thread => thread.Start());
        Array.ForEach(running, thread => thread.Join());
        if (found is not null)
        {
            throw new InvariantViolationException(found.Message);
        }

        void Guard(Action action)
        {
            try
            {
                action();
            }
            catch (InvariantViolationException exception)
            {
                Interlocked.CompareExchange(ref found, exception, null);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref found, new InvariantViolationException(exception.ToString()), null);
            }
        }
    }
}
