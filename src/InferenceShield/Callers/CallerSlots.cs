namespace InferenceShield;

/// <summary>Where records were last seen: hints, of which whoever reads them checks that the slot is still the caller's.</summary>
internal struct CallerSlots
{
    public int Caller = CallerTable.None;

    public int Tenant = CallerTable.None;

    public int Network = CallerTable.None;

    public CallerSlots()
    {
    }
}
