using System.Security.Cryptography;
using System.Text;

namespace InferenceShield;

/// <summary>Reads secrets as people store them. No message holds any part of one.</summary>
internal static class SecretText
{
    private const int LongestFile = 1024;

    public static ShieldSecret ReadFile(string path)
    {
        ThrowIfSecret(path, "the path of a file");
        byte[] buffer = new byte[LongestFile + 1];
        int length;
        try
        {
            // Read as far as a secret can go, whatever length the file claims: devices claim none and never end.
            using FileStream file = File.OpenRead(path);
            length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ShieldSecretException(
                $"The secret file '{path}' cannot be read: {exception.GetType().Name}. Create it with: openssl rand -base64 32 > '{path}', readable by the service's account only.",
                exception);
        }

        if (length > LongestFile)
        {
            throw new ShieldSecretException(
                $"The secret file '{path}' has more than {LongestFile:N0} bytes; a secret has 32 to {LongestFile:N0}. Is it the right file?");
        }

        ReadOnlySpan<byte> content = buffer.AsSpan(0, length);
        if (content.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
        {
            content = content[3..]; // the mark of UTF-8 that some editors write
        }
        else if (content.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe]) || content.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff]))
        {
            throw new ShieldSecretException($"The secret file '{path}' is UTF-16 text. Save it as UTF-8 or ASCII, so that every machine reads the same secret.");
        }

        try
        {
            string source = $"secret file '{path}'";
            return IsPrintable(content) ? Parse(Encoding.ASCII.GetString(content), source) : FromBytes(content, source);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }

    /// <summary>Somebody may have put the secret itself where its name or place belongs; it must not be quoted then.</summary>
    public static void ThrowIfSecret(string text, string expected)
    {
        byte[] material = new byte[text.Length];
        bool isSecret = (text.Length % 2 == 0
                && Convert.FromHexString(text, material, out _, out int hexLength) == System.Buffers.OperationStatus.Done && hexLength >= ShieldSecret.MinimumLength)
            || (Convert.TryFromBase64Chars(text, material, out int base64Length) && base64Length >= ShieldSecret.MinimumLength && !File.Exists(text));
        CryptographicOperations.ZeroMemory(material);
        if (isSecret)
        {
            throw new ShieldSecretException($"What should be {expected} looks like the secret itself. Store the secret there and give {expected}; replace this secret, which may have been logged.");
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
