namespace InferenceShield.Lab;

/// <summary>A model that is known to be independent of the target: what its embeddings show, any model's may show.</summary>
/// <param name="Name">What it is called in reports.</param>
/// <param name="Model">Takes what the target does, and answers with embeddings of any dimension. Not disposed of.</param>
public sealed record EmbeddingControl(string Name, IOracle Model);
