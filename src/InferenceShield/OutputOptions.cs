namespace InferenceShield;

/// <summary>One output of the model: what it is and how it is released.</summary>
public sealed class OutputOptions
{
    /// <summary>What its numbers are. Required.</summary>
    public OutputKind Kind { get; set; }

    /// <summary>The numbers in a row of it.</summary>
    /// <value>1 to 1,000,000; the default, <see langword="null"/>, takes rows of any number. Where it is set, other rows are an
    /// error. Required with <see cref="HardeningOptions.BandFile"/> and <see cref="HardeningOptions.CodebookFile"/>, which are
    /// learned for one number of classes. For Logits and Probabilities.</value>
    public int? Classes { get; set; }

    /// <summary>The thresholds that callers compare scores with: no answer crosses its own.</summary>
    /// <value>One number for all scores of a row, or one for each; above 0 and below 1. The default, <see langword="null"/>, is .5.
    /// For SigmoidLogits and SigmoidProbabilities.</value>
    public IReadOnlyList<double>? Thresholds { get; set; }

    /// <summary>Turn embeddings by a secret orthogonal transform, another for each tenant: similarity stays inside a tenant, vectors of
    /// different tenants cannot be compared.</summary>
    /// <value>The default is <see langword="false"/>. Callers need a handle that names their tenant (<see cref="Shield.GetHandle"/>); rows have
    /// 2 to 65,536 numbers. What it does and does not: <see cref="EmbeddingTransform"/>. The operator's inverse:
    /// <see cref="Shield.GetEmbeddingTransform"/>. The same in every posture; turned on later, vectors released before fit none released after. For Embedding.</value>
    public bool TenantTransform { get; set; }

    /// <summary>How it is released to a normal caller.</summary>
    /// <value>The default, <see langword="null"/>, takes <see cref="ShieldOptions.Hardening"/>.</value>
    public HardeningOptions? Hardening { get; set; }

    /// <summary>How it is released to a guarded caller.</summary>
    /// <value>The default, <see langword="null"/>, takes <see cref="ShieldOptions.Guarded"/>.</value>
    public HardeningOptions? Guarded { get; set; }

    /// <summary>How it is released to a restricted caller.</summary>
    /// <value>The default, <see langword="null"/>, takes <see cref="ShieldOptions.Restricted"/>.</value>
    public HardeningOptions? Restricted { get; set; }
}
