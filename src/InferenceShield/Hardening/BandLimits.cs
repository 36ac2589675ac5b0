namespace InferenceShield;

/// <summary>Which whole numbers of grid steps an answer of confidence bands can be made of.</summary>
internal readonly record struct BandLimits(int Lowest, int Highest)
{
    /// <summary>A band without a number: the edges leave none that lies strictly between them and can lead the others.</summary>
    public bool IsEmpty => Lowest > Highest;

    /// <summary>The numbers of one band, strictly inside its edges, so that no reader's way of comparing moves one across.</summary>
    /// <param name="edges">In grid steps, ascending.</param>
    /// <param name="band">0 to the number of edges.</param>
    /// <param name="classes">At least 1.</param>
    /// <param name="runnerUp">Whether a second label is named.</param>
    public static BandLimits Of(ReadOnlySpan<int> edges, int band, int classes, bool runnerUp)
    {
        int lowest = band == 0 ? 0 : edges[band - 1] + 1;
        int highest = band == edges.Length ? ReleaseGrid.Units : edges[band] - 1;
        return new BandLimits(Math.Max(lowest, LeastLeader(classes, runnerUp)), highest);
    }

    /// <summary>The runner-up's numbers beside a leader's: below the leader, and above every unnamed class.</summary>
    public static BandLimits OfRunnerUp(int leader, int classes, bool runnerUp)
    {
        int rest = ReleaseGrid.Units - leader;
        return !runnerUp || rest == 0
            ? new BandLimits(0, 0)
            : new BandLimits(DivideUp(rest + classes - 2, classes - 1), Math.Min(leader - 1, rest));
    }

    /// <summary>The least number of steps with which a class can lead all others strictly, and the runner-up the unnamed.</summary>
    private static int LeastLeader(int classes, bool runnerUp) => runnerUp && classes > 1
        ? DivideUp(ReleaseGrid.Units + 1 + 2 * (classes - 2), classes)
        : DivideUp(ReleaseGrid.Units + classes - 1, classes);

    private static int DivideUp(int number, int divisor) => (number + divisor - 1) / divisor;
}
