namespace InferenceShield;

/// <summary>Where the secret comes from, in configuration (<c>InferenceShield:Secret</c>). Set exactly one.</summary>
public sealed class SecretOptions
{
    /// <summary>The environment variable that holds it, in base64 or hexadecimal.</summary>
    public string? EnvironmentVariable { get; set; }

    /// <summary>The file that holds it: text in base64 or hexadecimal, or raw bytes.</summary>
    public string? File { get; set; }

    /// <summary>Use the public development secret. Works in the Development environment only.</summary>
    public bool UseDevelopmentSecret { get; set; }
}
