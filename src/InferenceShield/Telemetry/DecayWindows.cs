namespace InferenceShield;

/// <summary>The windows that histories are kept over.</summary>
internal static class DecayWindows
{
    /// <summary>A minute, an hour, a day and 30 days: fast campaigns show in the first, low and slow ones in the last.</summary>
    public static DecayWindow[] Default { get; } =
        Prepare([TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(30)]);

    /// <summary>Prepares windows, once for all that use the same ones.</summary>
    /// <param name="lengths">At least one, in ascending order.</param>
    public static DecayWindow[] Prepare(ReadOnlySpan<TimeSpan> lengths)
    {
        if (lengths.IsEmpty)
        {
            throw new ArgumentException("At least one window is needed.", nameof(lengths));
        }

        DecayWindow[] windows = new DecayWindow[lengths.Length];
        for (int i = 0; i < lengths.Length; i++)
        {
            if (i > 0 && lengths[i] <= lengths[i - 1])
            {
                throw new ArgumentException($"Window {i} ({lengths[i]}) is not longer than the one before it ({lengths[i - 1]}).", nameof(lengths));
            }

            windows[i] = new DecayWindow(lengths[i]);
        }

        return windows;
    }
}
