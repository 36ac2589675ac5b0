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

    /// <summary>How answers are released, unless an output says otherwise.</summary>
    public HardeningOptions Hardening { get; set; } = new();

    /// <summary>The outputs that may be released, by name. At least one; those not named here are never returned.</summary>
    public IDictionary<string, OutputOptions> Outputs { get; set; } = new Dictionary<string, OutputOptions>(StringComparer.Ordinal);

    /// <summary>What could not be read from configuration; reported with what is out of range.</summary>
    internal List<string> ReadingFaults { get; } = [];
}
