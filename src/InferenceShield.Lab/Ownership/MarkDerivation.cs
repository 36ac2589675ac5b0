using System.Text.Json.Nodes;

namespace InferenceShield.Lab;

/// <summary>How marks and probes follow from a key, in words that a commitment binds its maker to.</summary>
internal static class MarkDerivation
{
    /// <summary>The software and its version, as documents name it.</summary>
    public static string Software { get; } = "InferenceShield " + (typeof(MarkDerivation).Assembly.GetName().Version?.ToString(3) ?? "");

    /// <summary>Changes with the version of any of it, and with nothing else.</summary>
    public static JsonObject Describe() => new()
    {
        ["key"] = "32 bytes: HKDF-SHA256 (RFC 5869) of the shield's secret, no salt, info 'InferenceShield/1/marks/' and the model's name",
        ["subkeys"] = "HKDF-Expand-SHA256 of the key, info 'InferenceShield/marks/' and the purpose: a mark's name, or input",
        ["bits"] = "SipHash-2-4 with 128 bits over the cell, the input's digest or the tokens before; vectors: AES-128 in counter mode under a subkey",
        ["commitment"] = "SHA-256 of 'InferenceShield/mark-key/1', a line feed, the salt of 32 bytes, and the key",
        ["probes"] = "logged marked queries, or rows given; where fewer are asked than there are, drawn with the first 8 bytes, little-endian, of SHA-256 of 'InferenceShield/probes/1', a line feed, and this document",
    };
}
