namespace InferenceShield.Tests;

/// <summary>Bytes that work allocates on this thread.</summary>
/// <remarks>A collection, which other tests may cause at any time, counts what is left of a thread's allocation buffer as allocated, up
/// to 8 KB; and the runtime may allocate once while it replaces code, and code that it has not replaced yet may box: it waits with that while other
/// tests are being compiled. What the work itself allocates shows every time, so the least of several measurements, the later ones with
/// pauses between them, is the work's.</remarks>
internal static class Allocations
{
    private const int MostMeasurements = 40;
    private const int WithoutPause = 10;

    /// <summary>The least of up to 40 measurements, after one to warm up; stops at the first that finds no more than expected.</summary>
    /// <param name="work">Done over and over.</param>
    /// <param name="expected">Bytes that are known to be allocated.</param>
    public static long Least(Action work, long expected = 0)
    {
        work();
        long least = long.MaxValue;
        for (int i = 0; i < MostMeasurements && least > expected; i++)
        {
            if (i >= WithoutPause)
            {
                Thread.Sleep(150);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
