namespace InferenceShield;

/// <summary>Noticing extraction: what to measure against, for how many callers.</summary>
public sealed class DetectionOptions
{
    /// <summary>A file of <c>inference-shield calibrate</c>. Read when the options come into force; under a reload, callers' statistics begin anew.</summary>
    /// <value>The default, <see langword="null"/>: nothing is detected.</value>
    public string? CalibrationFile { get; set; }

    /// <summary>A file of <c>inference-shield calibrate --curve</c>: up to what agreement the model could have been copied at a reading of the leak odometer.</summary>
    /// <value>The default, <see langword="null"/>: readings are shown alone.</value>
    public string? OdometerCurveFile { get; set; }

    /// <summary>Callers that are watched at the same time. Fixed while the shield lives; memory is taken at start if there is a calibration.</summary>
    /// <value>64 to 1,000,000; the default is 20,000. Each takes about 2,000 bytes.</value>
    public int Callers { get; set; } = 20_000;

    /// <summary>A file to which what is measured is recorded, for <c>inference-shield calibrate --log</c>: scalars, hashes and pseudonyms, no inputs.
    /// Needs a <see cref="CalibrationFile"/>, which says how. A file that is there is kept, and .1, .2, ... put behind the name. Fixed while the
    /// shield lives; recording ends when a reload brings a calibration with another profile.</summary>
    /// <value>The default, <see langword="null"/>: nothing is recorded.</value>
    public string? RecordTo { get; set; }

    /// <summary>Share of the callers that is recorded: all queries of some, chosen by a keyed hash, never some queries of all.</summary>
    /// <value>Above 0 to 1; the default is 1. Calibration wants 500 callers and more.</value>
    public double RecordShare { get; set; } = 1;

    /// <summary>Bytes of all files of <see cref="RecordTo"/> after which recording ends; a query takes 88 and a little.</summary>
    /// <value>1,048,576 to 2^40; the default is 1,073,741,824, about 12 million queries.</value>
    public long RecordBytes { get; set; } = 1L << 30;
}
