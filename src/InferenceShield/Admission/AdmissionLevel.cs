namespace InferenceShield;

/// <summary>Whose limit decided an <see cref="Admission"/>.</summary>
public enum AdmissionLevel
{
    /// <summary>The caller's own.</summary>
    Caller = 0,

    /// <summary>That of the tenant the caller belongs to.</summary>
    Tenant,

    /// <summary>That of the network the caller comes from.</summary>
    Network,

    /// <summary>The model's, which all callers share.</summary>
    Model,

    /// <summary>The <see cref="GlobalLimit"/>, which all models share.</summary>
    Global,
}
