namespace InferenceShield;

/// <content>What was noticed, for operators.</content>
public sealed partial class Shield
{
    /// <summary>What was noticed and what was done about it; <see langword="null"/> as long as there was no calibration.</summary>
    public ShieldDetection? Detection { get; private set; }
}
