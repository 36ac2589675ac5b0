namespace InferenceShield.Samples.FashionApi;

/// <summary>Somebody with an API key.</summary>
/// <param name="Name">The name under which the key is configured.</param>
/// <param name="KeyHash">SHA-256 of the key.</param>
/// <param name="Key">Who that is to the shield; the same for every model.</param>
internal sealed record ApiCaller(string Name, byte[] KeyHash, CallerKey Key)
{
    /// <summary>The name only.</summary>
    public override string ToString() => Name;
}
