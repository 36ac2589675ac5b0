using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Groups of callers that differ from honest ones in the same direction. One use after another; keeps its memory.</summary>
/// <remarks>A caller whose neighbourhood is larger than any of an honest cohort is a core; cores that are each other's neighbours are of one
/// group, with all their neighbours (Ester et al., DBSCAN, 1996). So there is a group if and only if the largest neighbourhood exceeds
/// the calibrated size, which is what the promise is about, and a campaign that spreads over several neighbourhoods is one.</remarks>
internal sealed class CallerClusters
{
    /// <summary>Callers that are compared pair by pair: the time of a search is bounded by the square of it.</summary>
    public const int MostCompared = 32_768;

    private const int Dimension = LinkingSpace.Dimension;

    private const int NoGroup = -1;

    private float[] _columns = [];
    private int[] _degrees = [];
    private int[] _found = [];
    private int[] _groups = [];

    /// <summary>Finds groups.</summary>
    /// <param name="directions">Unit vectors, 24 numbers each, one after another; at most <see cref="MostCompared"/> of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="cosine">From which on two are neighbours.</param>
    /// <param name="size">That the largest honest neighbourhood does not exceed.</param>
    /// <returns>The members of each group, ascending, as indices; groups ordered by their first core.</returns>
    public List<int[]> Find(ReadOnlySpan<float> directions, int count, float cosine, int size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MostCompared);
        if (count <= size)
        {
            return [];
        }

        int stride = Arrange(directions, count);
        Span<float> columns = _columns.AsSpan(0, Dimension * stride);
        CosineNeighbours.Count(columns, stride, cosine, _degrees);
        Span<int> groups = _groups.AsSpan(0, count);
        for (int i = 0; i < count; i++)
        {
            groups[i] = _degrees[i] > size ? i : NoGroup;
        }

        bool any = false;
        for (int core = 0; core < count; core++)
        {
            if (_degrees[core] > size)
            {
                any = true;
                Join(columns, stride, core, cosine, size);
            }
        }

        return any ? Collect(count) : [];
    }

    private static int Root(Span<int> groups, int member)
    {
        // Halving paths keeps them short.
        while (groups[member] != member)
        {
            groups[member] = groups[groups[member]];
            member = groups[member];
        }

        return member;
    }

    private int Arrange(ReadOnlySpan<float> directions, int count)
    {
        int stride = CosineNeighbours.PaddedCount(count);
        if (_degrees.Length < stride)
        {
            _columns = new float[Dimension * stride];
            _degrees = new int[stride];
            _found = new int[stride];
            _groups = new int[stride];
        }

        _columns.AsSpan(0, Dimension * stride).Clear();
        for (int i = 0; i < count; i++)
        {
            for (int component = 0; component < Dimension; component++)
            {
                _columns[(component * stride) + i] = directions[(i * Dimension) + component];
            }
        }

        return stride;
    }

    /// <summary>Joins a core with the cores near it, and with those near it that no earlier core has taken.</summary>
    private void Join(ReadOnlySpan<float> columns, int stride, int core, float cosine, int size)
    {
        int near = CosineNeighbours.Find(columns, stride, core, cosine, _found);
        int root = Root(_groups, core);
        foreach (int other in _found.AsSpan(0, near))
        {
            if (_groups[other] == root)
            {
                continue; // most of them, in a large group
            }

            if (_degrees[other] > size)
            {
                // The smaller index is the root: groups are the same in whatever order cores come.
                int another = Root(_groups, other);
                _groups[Math.Max(root, another)] = Math.Min(root, another);
                root = Math.Min(root, another);
            }
            else if (_groups[other] == NoGroup)
            {
                _groups[other] = root;
            }
        }
    }

    private List<int[]> Collect(int count)
    {
        SortedDictionary<int, List<int>> members = [];
        for (int i = 0; i < count; i++)
        {
            if (_groups[i] == NoGroup)
            {
                continue;
            }

            int root = Root(_groups, i);
            if (!members.TryGetValue(root, out List<int>? group))
            {
                members[root] = group = [];
            }

            group.Add(i);
        }

        return [.. members.Values.Select(group => group.ToArray())];
    }
}
