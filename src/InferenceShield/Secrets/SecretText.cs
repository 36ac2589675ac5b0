using System.Security.Cryptography;
using System.Text;

namespace InferenceShield;

/// <summary>Reads secrets as people store them. No message holds any part of one.</summary>
internal static class SecretText
{
    private const int LongestFile = 1024;

    public static ShieldSecret ReadFile(string path)
    {
        byte[] content;
        try
        {
            FileInfo file = new(path);
            if (file.Exists && file.Length > LongestFile)
            {
                throw new ShieldSecretException(
                    $"The secret file '{path}' has {file.Length:N0} bytes; a secret has 32 to {LongestFile:N0}. Is it the right file?");
            }

            content = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ShieldSecretException(
                $"The secret file '{path}' cannot be read: {exception.GetType().Name}. Create it with: openssl rand -base64 32 > '{path}', readable by the service's account only.",
                exception);
        }

        try
        {
            string source = $"secret file '{path}'";
            return IsPrintable(content) ? Parse(Encoding.ASCII.GetString(content), source) : FromBytes(content, source);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public static ShieldSecret Parse(string text, string source)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        byte[] material = new byte[trimmed.Length];
        try
        {
            if (trimmed.Length % 2 == 0
                && Convert.FromHexString(trimmed, material, out _, out int hexLength) == System.Buffers.OperationStatus.Done)
            {
                return FromBytes(material.AsSpan(0, hexLength), source);
            }

            if (Convert.TryFromBase64Chars(trimmed, material, out int base64Length))
            {
                return FromBytes(material.AsSpan(0, base64Length), source);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
        }

        throw new ShieldSecretException(
            $"The secret in {source} is neither base64 nor hexadecimal. Make one with: openssl rand -base64 32");
    }

    private static ShieldSecret FromBytes(ReadOnlySpan<byte> material, string source)
    {
        try
        {
            return new ShieldSecret(material);
        }
        catch (ShieldSecretException exception)
        {
            throw new ShieldSecretException($"In {source}: {exception.Message}", exception);
        }
    }

    private static bool IsPrintable(ReadOnlySpan<byte> content) =>
        !content.ContainsAnyExceptInRange((byte)'\t', (byte)'~');
}
