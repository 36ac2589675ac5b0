namespace InferenceShield;

/// <summary>Everything one model's shield can be told. Mutable until a shield is built from it; then compiled once.</summary>
public sealed class ShieldOptions
{
    /// <summary>Enforce or observe only.</summary>
    /// <value>The default is <see cref="ShieldMode.Enforce"/>.</value>
    public ShieldMode Mode { get; set; }

    /// <summary>How many callers are remembered.</summary>
    public CallerOptions Callers { get; set; } = new();

    /// <summary>What callers may ask.</summary>
    public AdmissionOptions Admission { get; set; } = new();

    /// <summary>How answers are released to a normal caller, unless an output says otherwise.</summary>
    /// <value>The default: probabilities with 2 decimals, values with 3 significant digits.</value>
    public HardeningOptions Hardening { get; set; } = new();

    /// <summary>How answers are released to a guarded caller, unless an output says otherwise.</summary>
    /// <value>The default: the label, its confidence's band and the second label; values with 2 significant digits. Names,
    /// shapes and types are those of a normal caller's answer, so that a change of posture shows in nothing else.</value>
    public HardeningOptions Guarded { get; set; } = new();

    /// <summary>How answers are released to a restricted caller, unless an output says otherwise.</summary>
    /// <value>The default: the label only; values with 1 significant digit.</value>
    public HardeningOptions Restricted { get; set; } = new();

    /// <summary>Noticing who learns the model.</summary>
    public DetectionOptions Detection { get; set; } = new();

    /// <summary>What follows when somebody does.</summary>
    public PostureOptions Postures { get; set; } = new();

    /// <summary>How what happened is told.</summary>
    public EventOptions Events { get; set; } = new();

    /// <summary>A second policy for a share of the callers.</summary>
    /// <value>The default, <see langword="null"/>: none.</value>
    public TrialOptions? Trial { get; set; }

    /// <summary>A file with where benign inputs lie, as <c>inference-shield calibrate</c> writes it; for marks that live in inputs.</summary>
    /// <value>A path; the default, <see langword="null"/>, is none.</value>
    public string? InputSpaceFile { get; set; }

    /// <summary>The list of marked queries.</summary>
    public EvidenceOptions Evidence { get; set; } = new();

    /// <summary>What is measured of the price that honest users pay. Fixed while the shield lives.</summary>
    public UtilityOptions Utility { get; set; } = new();

    /// <summary>The outputs that may be released, by name. At least one; those not named here are never returned.</summary>
    public IDictionary<string, OutputOptions> Outputs { get; set; } = new Dictionary<string, OutputOptions>(StringComparer.Ordinal);

    /// <summary>What could not be read from configuration; reported with what is out of range.</summary>
    internal List<string> ReadingFaults { get; } = [];
}
