namespace InferenceShield.Tests.Telemetry;

/// <summary>Runs work in several threads that start at one gate.</summary>
/// <remarks>They wait awake, since waking takes longer than a short burst of work; and a burst is only sure to overlap with the
/// others' where it outlasts the scheduler's turns, tens of milliseconds when there are more threads than processors.</remarks>
internal static class Together
{
    /// <param name="threads">How many.</param>
    /// <param name="work">Gets the thread's number. What it throws fails the test.</param>
    public static void Run(int threads, Action<int> work)
    {
        List<Exception> faults = [];
        int awaited = threads;
        Thread[] all = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            int number = i;
            all[i] = new Thread(() =>
            {
                Interlocked.Decrement(ref awaited);
                while (Volatile.Read(ref awaited) > 0)
                {
                    Thread.Yield();
                }

                try
                {
                    work(number);
                }
                catch (Exception fault)
                {
                    lock (faults)
                    {
                        faults.Add(fault);
                    }
                }
            });
            all[i].Start();
        }

        foreach (Thread thread in all)
        {
            thread.Join();
        }

        if (faults.Count > 0)
        {
            throw new AggregateException(faults);
        }
    }

    /// <summary>Bytes that work allocates in this thread.</summary>
    public static long Allocated(Action work) => Allocations.Least(work);
}
