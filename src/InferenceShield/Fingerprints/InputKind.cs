namespace InferenceShield;

/// <summary>What an input is made of, which decides how near-duplicates of it are recognised.</summary>
public enum InputKind
{
    /// <summary>An image: bytes 0 to 255, or floats that are scaled to them. The default.</summary>
    Image = 0,

    /// <summary>A row of features or an embedding: floats whose position says what they mean.</summary>
    Tabular,

    /// <summary>A sequence of token ids.</summary>
    Tokens,
}
