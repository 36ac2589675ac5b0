namespace InferenceShield.Lab;

/// <summary>A name in a catalog and what it stands for.</summary>
/// <param name="Name">The name.</param>
/// <param name="Summary">One line for help texts.</param>
public sealed record CatalogEntry(string Name, string Summary);
