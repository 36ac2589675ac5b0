using System.Globalization;
using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>Reading and writing of the files of ownership: bounded, never over what is there.</summary>
internal static class OwnershipFiles
{
    /// <summary>Writes a file that is not there yet.</summary>
    /// <exception cref="IOException">It is there, or it cannot be written.</exception>
    public static void Create(string path, ReadOnlySpan<byte> bytes, bool ownerOnly = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RequireCreatable(path);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (ownerOnly && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using FileStream file = new(path, options);
        file.Write(bytes);
    }

    /// <exception cref="IOException">There is such a file, or no folder for it.</exception>
    public static void RequireCreatable(string path)
    {
        if (path.Length > 0 && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"'{path}' cannot be written: there is no folder '{folder}'. Make it, or choose another name.");
        }

        if (File.Exists(path))
        {
            throw new IOException($"'{path}' is there already and is not written over: " + (Path.GetExtension(path) == ".tsq"
                ? "it is the request that was written with a commitment or a digest of this name, whose timestamp is checked against it. Choose another name."
                : "what has been committed to stays. Choose another name, or move it away."));
        }
    }

    /// <param name="path">The file.</param>
    /// <param name="most">Bytes that such a file has at the most.</param>
    /// <param name="hint">What to do where there is no such file; null for nothing but the name.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="OwnershipFileException">It is longer than <paramref name="most"/>.</exception>
    public static byte[] Read(string path, int most, string? hint = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file '{path}'. {hint ?? "Check its name."}", path);
        }

        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file.Length > most)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, string.Create(CultureInfo.InvariantCulture, $"'{path}' has {file.Length:N0} bytes; such a file has at most {most:N0}. Is it another one?"));
        }

        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <param name="bytes">Canonical JSON.</param>
    /// <param name="refusal">What the message begins with, such as "'x' is no commitment".</param>
    public static JsonElement Parse(ReadOnlySpan<byte> bytes, string refusal)
    {
        try
        {
            return CanonicalJson.ParseObject(bytes);
        }
        catch (FormatException exception)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{refusal}: {exception.Message}. Take the file as it was written.", exception);
        }
    }

    public static void RequireVersion(JsonElement root, int version, string what)
    {
        if (!root.TryGetProperty("version", out JsonElement found) || found.ValueKind != JsonValueKind.Number || !found.TryGetInt32(out int number))
        {
            throw Missing("version", what);
        }

        if (number != version)
        {
            throw new OwnershipFileException(OwnershipFileFault.Version, string.Create(CultureInfo.InvariantCulture, $"{what} is of version {number}; this software reads version {version}. Check it with the software that wrote it."));
        }
    }

    public static string GetText(JsonElement parent, string name, string what) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw Missing(name, what);

    public static JsonElement GetObject(JsonElement parent, string name, string what) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object
            ? value
            : throw Missing(name, what);

    /// <summary>Lower-case hexadecimal of so many bytes.</summary>
    public static byte[] GetHex(JsonElement parent, string name, int size, string what)
    {
        string text = GetText(parent, name, what);
        byte[] bytes = new byte[size];
        return text.Length == 2 * size && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done && Convert.ToHexStringLower(bytes) == text
            ? bytes
            : throw new OwnershipFileException(OwnershipFileFault.Unreadable, string.Create(CultureInfo.InvariantCulture, $"{what}: {name} is not {2 * size} lower-case hexadecimal digits."));
    }

    public static byte[] GetBase64(JsonElement parent, string name, string what)
    {
        try
        {
            return Convert.FromBase64String(GetText(parent, name, what));
        }
        catch (FormatException exception)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what}: {name} is no base64.", exception);
        }
    }

    public static DateTimeOffset GetTime(JsonElement parent, string name, string what) =>
        DateTimeOffset.TryParseExact(GetText(parent, name, what), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what}: {name} is no time such as 2026-01-31T12:00:00Z.");

    public static string TextOf(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private static OwnershipFileException Missing(string name, string what) =>
        new(OwnershipFileFault.Unreadable, $"{what} has no {name}, or one of another kind. Take the file as it was written.");
}
