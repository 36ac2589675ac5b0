namespace InferenceShield;

/// <summary>Noticing extraction: what to measure against, for how many callers.</summary>
public sealed class DetectionOptions
{
    /// <summary>A file of <c>inference-shield calibrate</c>. Read when the options come into force; under a reload, callers' statistics begin anew.</summary>
    /// <value>The default, <see langword="null"/>: nothing is detected.</value>
    public string? CalibrationFile { get; set; }

    /// <summary>Callers that are watched at the same time. Fixed while the shield lives; memory is taken at start if there is a calibration.</summary>
    /// <value>64 to 1,000,000; the default is 20,000. Each takes about 2,100 bytes.</value>
    public int Callers { get; set; } = 20_000;

    /// <summary>A file to which what is measured is recorded, for <c>inference-shield calibrate</c>: scalars, hashes and pseudonyms, no inputs.</summary>
    /// <value>The default, <see langword="null"/>: nothing is recorded.</value>
    public string? RecordTo { get; set; }
}
