using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>The secret providers that exist: environment, file, bytes, ephemeral, development.</summary>
/// <remarks>Text secrets are base64 (44 characters for 32 bytes) or hexadecimal (64). Each provider is thread-safe.</remarks>
public static class ShieldSecrets
{
    /// <summary>Reads the secret from an environment variable.</summary>
    /// <param name="variable">Its name; the value is base64 or hexadecimal of at least 32 bytes.</param>
    public static IShieldSecretProvider FromEnvironment(string variable)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(variable);
        return new Provider(() =>
        {
            SecretText.ThrowIfSecret(variable, "the name of an environment variable");
            string? text = Environment.GetEnvironmentVariable(variable);
            if (string.IsNullOrWhiteSpace(text))
            {
                throw new ShieldSecretException(
                    $"The environment variable '{variable}' is not set. Set it to 32 random bytes in base64, for example: export {variable}=\"$(openssl rand -base64 32)\"");
            }

            return SecretText.Parse(text, $"environment variable '{variable}'");
        });
    }

    /// <summary>Reads the secret from a file: text in base64 or hexadecimal, or exactly 32 to 1,024 raw bytes.</summary>
    /// <param name="path">The file, which only the service's account should be able to read.</param>
    public static IShieldSecretProvider FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new Provider(() => SecretText.ReadFile(path));
    }

    /// <summary>Takes the secret from memory, for hosts that fetch it themselves.</summary>
    /// <param name="material">At least 32 random bytes; copied.</param>
    /// <param name="keyId">The id that evidence and logs name it by; by default derived.</param>
    public static IShieldSecretProvider FromBytes(ReadOnlySpan<byte> material, string? keyId = null)
    {
        using ShieldSecret check = new(material, keyId);
        byte[] copy = material.ToArray();
        return new Provider(() => new ShieldSecret(copy, keyId));
    }

    /// <summary>A random secret that lives as long as this provider.</summary>
    /// <remarks>Keyed answers then differ between replicas and after a restart, which lets a caller average them, and marks
    /// cannot be verified later. Good for trying things out and for tests; use a kept secret in production.</remarks>
    public static IShieldSecretProvider Ephemeral()
    {
        byte[] material = RandomNumberGenerator.GetBytes(ShieldSecret.MinimumLength);
        return new Provider(() => new ShieldSecret(material, "ephemeral"));
    }

    /// <summary>A secret that everybody knows, for development machines only.</summary>
    /// <remarks>Refuses to be used unless <c>ASPNETCORE_ENVIRONMENT</c> or else <c>DOTNET_ENVIRONMENT</c> is <c>Development</c>.</remarks>
    public static IShieldSecretProvider Development() => Development(
        Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT")
        ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
        ?? "Production");

    /// <summary>A secret that everybody knows, for development machines only.</summary>
    /// <param name="environmentName">The host's environment; anything but <c>Development</c> is refused when the secret is asked for.</param>
    public static IShieldSecretProvider Development(string environmentName)
    {
        ArgumentNullException.ThrowIfNull(environmentName);
        return new Provider(() => string.Equals(environmentName, "Development", StringComparison.OrdinalIgnoreCase)
            ? new ShieldSecret(SHA256.HashData("InferenceShield development secret: known to everybody"u8), "development")
            : throw new ShieldSecretException(
                $"The development secret is public and works only in the Development environment; this is '{environmentName}'. Set a secret of your own: InferenceShield:Secret:EnvironmentVariable or InferenceShield:Secret:File."));
    }

    private sealed class Provider(Func<ShieldSecret> getSecret) : IShieldSecretProvider
    {
        public ShieldSecret GetSecret() => getSecret();

        /// <summary>Says nothing about the secret.</summary>
        public override string ToString() => "IShieldSecretProvider";
    }
}
