namespace InferenceShield;

/// <summary>What one band releases, ready to be written.</summary>
internal readonly struct BandAnswer
{
    public BandAnswer(int leader, int runnerUp, int classes, bool named)
    {
        int unnamed = classes - (named && classes > 1 ? 2 : 1);
        int rest = ReleaseGrid.Units - leader - runnerUp;
        Leader = ReleaseGrid.ToFloat(leader);
        RunnerUp = ReleaseGrid.ToFloat(runnerUp);
        Extra = unnamed > 0 ? rest % unnamed : 0;
        Less = unnamed > 0 ? ReleaseGrid.ToFloat(rest / unnamed) : 0;
        More = unnamed > 0 ? ReleaseGrid.ToFloat(rest / unnamed + 1) : 0;
    }

    public float Leader { get; }

    public float RunnerUp { get; }

    /// <summary>For each of the unnamed classes but the first <see cref="Extra"/>, which get one step more.</summary>
    public float Less { get; }

    public float More { get; }

    public int Extra { get; }
}
