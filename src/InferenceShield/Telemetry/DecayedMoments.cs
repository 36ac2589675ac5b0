using System.Numerics;

namespace InferenceShield;

/// <summary>Mean and variance of output values over several sliding windows at once, and how many there ever were.</summary>
/// <remarks>
/// <para>A window decays exponentially, as in <see cref="DecayWindow"/>. One stripe (the default, for what is kept of one
/// caller) takes 0.5 KiB for four windows; more stripes are for what all threads share.</para>
/// <para>Weight, mean and sum of squares belong together, and .NET has no atomic operation on three words, so a stripe has
/// two copies of them and a version. A writer takes the stripe by one atomic exchange, writes the copy that is not
/// valid, makes it valid by raising the version, and gives the stripe back. A reader copies the valid one and looks whether
/// the version is still the same; it retries only if an update was completed meanwhile, and never waits for a writer
/// that is suspended half-way.</para>
/// <para>Writers do not wait for each other either: one that finds the stripe taken tries the next, and after
/// <see cref="Attempts"/> attempts (about 3 microseconds, when updating takes 30 ns) counts its values as skipped and goes
/// on. So Add is bounded in time, and what is lost is exactly known: Count is exact, Count - Skipped is in the moments.
/// Whether a value is skipped depends on when threads are suspended and not on the value: mean and variance then
/// rest on fewer values but lean to no side, and an alarm that takes the weight into account does not fire for it.</para>
/// <para>Consistency: the numbers of one stripe and window in a snapshot are those after some whole number of Adds, never
/// part of one. Each Add that ended before the snapshot began is in it, none that began after it ended. Stripes and
/// windows are read one by one.</para>
/// </remarks>
internal sealed class DecayedMoments
{
    public const int MostStripes = 64;

    private const int Attempts = 64;

    /// <summary>Moments of 40 bytes that fill at least 128.</summary>
    private const int Padding = 4;

    private readonly DecayWindow[] _windows;
    private readonly MomentsGuard[] _guards;
    private readonly Moments[] _moments;
    private readonly int _mask;
    private readonly int _padding;
    private readonly int _stride;
    private long _skipped;

    /// <summary>Makes an empty one over the default windows.</summary>
    /// <param name="stripes">1 to <see cref="MostStripes"/>; rounded up to a power of two.</param>
    public DecayedMoments(int stripes = 1)
        : this(stripes, DecayWindows.Default)
    {
    }

    /// <summary>Makes an empty one.</summary>
    /// <param name="stripes">1 to <see cref="MostStripes"/>; rounded up to a power of two.</param>
    /// <param name="windows">Ascending; see <see cref="DecayWindows.Prepare"/>. Shared, not copied.</param>
    public DecayedMoments(int stripes, DecayWindow[] windows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stripes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stripes, MostStripes);
        stripes = (int)BitOperations.RoundUpToPowerOf2((uint)stripes);
        _mask = stripes - 1;
        _windows = windows;
        _guards = new MomentsGuard[stripes];

        // Stripes that other threads write, and the array's length, which every access reads, are kept a pair of lines away.
        _padding = stripes > 1 ? Padding : 0;
        _stride = 2 * windows.Length + _padding;
        _moments = new Moments[_padding + stripes * _stride];
    }

    public int WindowCount => _windows.Length;

    /// <summary>Takes in one value.</summary>
    /// <param name="value">One that is not finite is left out and not counted: it would spoil the mean for good.</param>
    /// <param name="now">Nanoseconds; may be a little earlier than another thread's.</param>
    public void Add(float value, long now)
    {
        if (float.IsFinite(value))
        {
            Add(new Moments(1, 0, 1, value, 0), now);
        }
    }

    /// <summary>Takes in several values at once: about 3.5 ns each, and the cost of a single Add.</summary>
    /// <param name="values">Those that are not finite are left out and not counted.</param>
    /// <param name="now">Nanoseconds; may be a little earlier than another thread's.</param>
    public void Add(ReadOnlySpan<float> values, long now)
    {
        // Two passes, outside of what other threads may have to wait for. Squares of floats cannot overflow a double.
        long count = 0;
        double mean = 0;
        foreach (float value in values)
        {
            if (float.IsFinite(value))
            {
                count++;
                mean += value;
            }
        }

        if (count == 0)
        {
            return;
        }

        mean /= count;
        double squares = 0;
        foreach (float value in values)
        {
            if (float.IsFinite(value))
            {
                squares += (value - mean) * (value - mean);
            }
        }

        Add(new Moments(count, 0, count, mean, squares), now);
    }

    /// <summary>The moments over a window, as of now. Allocates nothing.</summary>
    /// <param name="window">The window's index: 0 is the shortest.</param>
    /// <param name="now">Nanoseconds.</param>
    public ValueSnapshot Snapshot(int window, long now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(window, _windows.Length);
        Moments all = new(0, _windows[window].UnitOf(now), 0, 0, 0);
        for (int stripe = 0; stripe < _guards.Length; stripe++)
        {
            all = all.Merge(Read(stripe, window));
        }

        long skipped = Volatile.Read(ref _skipped);
        return new ValueSnapshot(all.Count + skipped, skipped, all.Weight, all.Mean, all.Weight > 0 ? all.Squares / all.Weight : 0);
    }

    /// <summary>Forgets everything, for another use. What is added meanwhile may stay or go.</summary>
    public void Clear()
    {
        for (int stripe = 0; stripe < _guards.Length; stripe++)
        {
            ref MomentsGuard guard = ref _guards[stripe];
            SpinWait wait = default;
            while (Interlocked.Exchange(ref guard.Busy, 1) != 0)
            {
                wait.SpinOnce();
            }

            long version = guard.Version;
            Volatile.WriteBarrier();
            Copy(stripe, version + 1).Clear();
            Volatile.Write(ref guard.Version, version + 1);
            Volatile.Write(ref guard.Busy, 0);
        }

        Volatile.Write(ref _skipped, 0);
    }

    /// <summary>Takes in values as a thread on the given processor would.</summary>
    public void AddFrom(int processor, Moments values, long now)
    {
        int stripe = processor & _mask;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            ref MomentsGuard guard = ref _guards[stripe];
            if (Volatile.Read(ref guard.Busy) == 0 && Interlocked.Exchange(ref guard.Busy, 1) == 0)
            {
                Update(ref guard, stripe, values, now);
                Volatile.Write(ref guard.Busy, 0);
                return;
            }

            stripe = (stripe + 1) & _mask;
            Thread.SpinWait(1);
        }

        Interlocked.Add(ref _skipped, values.Count);
    }

    private void Add(Moments values, long now) => AddFrom(_mask == 0 ? 0 : Thread.GetCurrentProcessorId(), values, now);

    private void Update(ref MomentsGuard guard, int stripe, Moments values, long now)
    {
        long version = guard.Version;
        ReadOnlySpan<Moments> valid = Copy(stripe, version);
        Span<Moments> next = Copy(stripe, version + 1);

        // The version that took this copy out of use must be seen by whoever sees what is written to it now.
        Volatile.WriteBarrier();
        for (int i = 0; i < next.Length; i++)
        {
            next[i] = valid[i].Merge(values with { Unit = _windows[i].UnitOf(now) });
        }

        Volatile.Write(ref guard.Version, version + 1);
    }

    private Moments Read(int stripe, int window)
    {
        ref MomentsGuard guard = ref _guards[stripe];
        while (true)
        {
            long version = Volatile.Read(ref guard.Version);
            Moments moments = Copy(stripe, version)[window];

            // Keeps the copying before the second look at the version.
            Volatile.ReadBarrier();
            if (Volatile.Read(ref guard.Version) == version)
            {
                return moments;
            }
        }
    }

    private Span<Moments> Copy(int stripe, long version) =>
        _moments.AsSpan(_padding + stripe * _stride + (int)(version & 1) * _windows.Length, _windows.Length);
}
