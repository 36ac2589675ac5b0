namespace InferenceShield.Benchmarks.Callers;

/// <summary>Keys of 36 characters, and the random order in which they ask: the same for all candidates.</summary>
internal sealed class KeyOrder
{
    private const int LeastLength = 1 << 16;

    private readonly int[] _order;

    public KeyOrder(int keys)
    {
        Names = [.. Enumerable.Range(0, keys).Select(i => new Guid(i, 7, 11, [1, 2, 3, 4, 5, 6, 7, 8]).ToString())];

        // One shuffle of all keys after the other, so that each is asked about equally often.
        int length = Math.Max(LeastLength, keys) / CallerGroups.Calls * CallerGroups.Calls;
        _order = new int[length];
        int[] shuffle = [.. Enumerable.Range(0, keys)];
        Random random = new(17);
        for (int i = 0; i < length; i++)
        {
            if (i % keys == 0)
            {
                random.Shuffle(shuffle);
            }

            _order[i] = shuffle[i % keys];
        }
    }

    public string[] Names { get; }

    /// <summary>The indices of the next calls.</summary>
    /// <param name="position">Where one candidate is.</param>
    public ReadOnlySpan<int> Next(ref int position)
    {
        int start = position;
        position = start + CallerGroups.Calls == _order.Length ? 0 : start + CallerGroups.Calls;
        return _order.AsSpan(start, CallerGroups.Calls);
    }
}
