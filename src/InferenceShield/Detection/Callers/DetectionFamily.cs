namespace InferenceShield;

/// <summary>Which statistics an alarm rests on.</summary>
public enum DetectionFamily
{
    /// <summary>Answers and near-duplicates only: holds when honest inputs shift. Strong evidence.</summary>
    Output = 0,

    /// <summary>All statistics: sees more, and takes honest callers whose inputs differ from calibrated ones for thieves. For review.</summary>
    Full,
}
