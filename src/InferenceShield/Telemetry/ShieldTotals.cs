namespace InferenceShield;

/// <summary>The sums over a shield's cells.</summary>
internal struct ShieldTotals
{
    public CallCounts Calls;
    public CallCounts WouldBeRefused;
    public long ReleasedAgain;
    public long TopChanged;
    public long TableFull;
}
