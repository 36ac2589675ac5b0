namespace InferenceShield;

/// <content>What was noticed, for operators.</content>
public sealed partial class Shield
{
    private ShieldDetection? _detection;

    /// <summary>What was noticed and what was done about it; <see langword="null"/> as long as there was no calibration.</summary>
    public ShieldDetection? Detection => _detector is { } detector
        ? _detection ??= new ShieldDetection(detector.Postures, detector.Watches, detector.Campaigns, () => Calibration, () => detector.Observed)
        : null;
}
