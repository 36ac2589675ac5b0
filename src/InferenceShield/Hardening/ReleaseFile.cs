using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace InferenceShield;

/// <summary>What every file with a learned release has around its body. All numbers are little-endian.</summary>
/// <remarks>
/// <para>0..3 the ASCII letters "ISRL"; 4 the version of the format, 1; 5 the kind, 1 bands, 2 codebook or 3 input space; 6 is 1 if the file
/// is authenticated, else 0; 7 is 0; 8..11 the length of the whole file; 12..15 the classes, 1 for an input space; 16..23 when it was saved, in
/// seconds since 1970; 24..27 the grid steps between 0 and 1; 28..29 the bytes of the model's name, 30..31 those of the
/// key's id. Then the name and the id in UTF-8, the body, and 32 bytes over all before them.</para>
/// <para>Those are a SHA-256, which tells a flipped bit and nothing else: anybody can compute it. Or they are an
/// HMAC-SHA256 under a key derived of the shield's secret, which nobody without the secret can. Who loads with a secret
/// gets authenticated files only, so leaving the code away gains nothing.</para>
/// </remarks>
internal sealed record ReleaseFile(int Classes, DateTimeOffset Created, int BodyStart)
{
    public const byte Bands = 1;
    public const byte Codebook = 2;
    public const byte InputSpace = 3;

    /// <summary>The largest codebook, and room for the counts of its labels.</summary>
    public const int MaximumSize = (CodebookLabel.MaximumNumbers * sizeof(int)) + (1 << 22);

    private const uint Magic = 0x4c525349;
    private const byte Version = 1;
    private const int HeaderSize = 32;
    private const int TrailerSize = 32;
    private const int MaximumNameSize = 256;
    private const int MaximumKeyIdSize = 64;

    /// <summary>The body of the file that this was read from.</summary>
    public ReadOnlySpan<byte> Body(ReadOnlySpan<byte> file) => file[BodyStart..^TrailerSize];

    /// <summary>Whether a file says that a secret is needed to check it.</summary>
    public static bool IsAuthenticated(ReadOnlySpan<byte> file) => file.Length > 6 && file[6] == 1;

    public static byte[] Write(byte kind, string model, int classes, ReleaseFileKey? secret, TimeProvider clock, ReadOnlySpan<byte> body)
    {
        byte[] name = Encode(model, MaximumNameSize, nameof(model));
        byte[] keyId = secret is null ? [] : Encode(secret.KeyId, MaximumKeyIdSize, nameof(secret));
        byte[] file = new byte[HeaderSize + name.Length + keyId.Length + body.Length + TrailerSize];
        BinaryPrimitives.WriteUInt32LittleEndian(file, Magic);
        file[4] = Version;
        file[5] = kind;
        file[6] = (byte)(secret is null ? 0 : 1);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(8), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(12), classes);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(16), clock.GetUtcNow().ToUnixTimeSeconds());
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), ReleaseGrid.Units);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(28), (ushort)name.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(30), (ushort)keyId.Length);
        name.CopyTo(file, HeaderSize);
        keyId.CopyTo(file, HeaderSize + name.Length);
        body.CopyTo(file.AsSpan(HeaderSize + name.Length + keyId.Length));
        Seal(file.AsSpan(0, file.Length - TrailerSize), secret, file.AsSpan(file.Length - TrailerSize));
        return file;
    }

    /// <summary>Checks everything but the body, and nothing of it before the bytes are known to be those that were written.</summary>
    public static ReleaseFile Read(ReadOnlySpan<byte> file, byte kind, string model, int classes, ReleaseFileKey? secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        RequireShape(file);
        int nameSize = BinaryPrimitives.ReadUInt16LittleEndian(file[28..]);
        int keyIdSize = BinaryPrimitives.ReadUInt16LittleEndian(file[30..]);
        if (nameSize is 0 or > MaximumNameSize || keyIdSize > MaximumKeyIdSize || HeaderSize + nameSize + keyIdSize + TrailerSize > file.Length)
        {
            throw new ReleaseFileException(ReleaseFileFault.Damaged, $"The file is damaged: it says that its names have {nameSize} and {keyIdSize} bytes.");
        }

        RequireSeal(file, file.Slice(HeaderSize + nameSize, keyIdSize), secret);
        if (file[5] != kind)
        {
            throw new ReleaseFileException(ReleaseFileFault.OtherKind, $"The file holds {DescribeKind(file[5])}; expected {DescribeKind(kind)}.");
        }

        if (!file.Slice(HeaderSize, nameSize).SequenceEqual(Encoding.UTF8.GetBytes(model)))
        {
            throw new ReleaseFileException(ReleaseFileFault.OtherModel, $"The file was learned for model '{Decode(file.Slice(HeaderSize, nameSize))}'; expected '{model}'. Learn one from the answers of '{model}'.");
        }

        int found = BinaryPrimitives.ReadInt32LittleEndian(file[12..]);
        if (found != classes)
        {
            throw new ReleaseFileException(ReleaseFileFault.OtherClasses, $"The file was learned for {found} classes; the model has {classes}.");
        }

        long seconds = BinaryPrimitives.ReadInt64LittleEndian(file[16..]);
        int units = BinaryPrimitives.ReadInt32LittleEndian(file[24..]);
        if (units != ReleaseGrid.Units || file[7] != 0 || found is < 1 or > CleanAnswers.MaximumClasses || seconds is < 0 or > 253_402_300_799)
        {
            throw Malformed($"a grid of {units} steps, {found} classes or a time of {seconds} s is not possible");
        }

        return new ReleaseFile(classes, DateTimeOffset.FromUnixTimeSeconds(seconds), HeaderSize + nameSize + keyIdSize);
    }

    private static string DescribeKind(byte kind) => kind switch
    {
        Bands => "confidence bands",
        Codebook => "an answer codebook",
        InputSpace => "an input space",
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"what this library does not know (kind {kind})"),
    };

    public static ReleaseFileException Malformed(string what) =>
        new(ReleaseFileFault.Malformed, $"The file is not one that this library writes: {what}.");

    private static void RequireShape(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaximumSize)
        {
            throw new ReleaseFileException(ReleaseFileFault.TooLarge, $"The file has {file.Length} bytes; the largest possible has {MaximumSize}.");
        }

        if (file.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic)
        {
            throw new ReleaseFileException(ReleaseFileFault.NotAReleaseFile, "Not a file with a learned release: it does not begin with the letters ISRL.");
        }

        if (file.Length > 4 && file[4] != Version)
        {
            throw new ReleaseFileException(ReleaseFileFault.UnknownVersion, $"The file has format version {file[4]}; this library reads version {Version}.");
        }

        if (file.Length < HeaderSize + TrailerSize)
        {
            throw new ReleaseFileException(ReleaseFileFault.Truncated, $"The file is truncated: it has {file.Length} bytes, and the least possible has {HeaderSize + TrailerSize}.");
        }

        uint size = BinaryPrimitives.ReadUInt32LittleEndian(file[8..]);
        if (size != file.Length)
        {
            throw size > file.Length
                ? new ReleaseFileException(ReleaseFileFault.Truncated, $"The file is truncated: it has {file.Length} bytes of {size}.")
                : new ReleaseFileException(ReleaseFileFault.TooLarge, $"The file is too large: it has {file.Length} bytes where it says {size}.");
        }
    }

    private static void RequireSeal(ReadOnlySpan<byte> file, ReadOnlySpan<byte> keyId, ReleaseFileKey? secret)
    {
        bool authenticated = file[6] == 1;
        if (file[6] > 1)
        {
            throw new ReleaseFileException(ReleaseFileFault.Damaged, $"The file is damaged: its flags are {file[6]}; possible: 0 and 1.");
        }

        if (authenticated && secret is null)
        {
            throw new ReleaseFileException(ReleaseFileFault.OtherKey, $"The file is authenticated under key '{Decode(keyId)}'. Give the secret of this id to load it.");
        }

        if (!authenticated && secret is not null)
        {
            throw new ReleaseFileException(ReleaseFileFault.OtherKey, $"The file is not authenticated, so anybody could have made it. Save it with the secret '{secret.KeyId}', or load it without one.");
        }

        if (secret is not null && !keyId.SequenceEqual(Encoding.UTF8.GetBytes(secret.KeyId)))
        {
            throw new ReleaseFileException(ReleaseFileFault.OtherKey, $"The file is authenticated under key '{Decode(keyId)}'; the secret given is '{secret.KeyId}'.");
        }

        Span<byte> expected = stackalloc byte[TrailerSize];
        Seal(file[..^TrailerSize], secret, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, file[^TrailerSize..]))
        {
            throw secret is null
                ? new ReleaseFileException(ReleaseFileFault.Damaged, "The file is damaged: its checksum is not that of its bytes. Copy or learn it again.")
                : new ReleaseFileException(ReleaseFileFault.NotAuthentic, $"The file is not authentic: its code is not that of its bytes under the secret '{secret.KeyId}'. It was damaged, or made by somebody without the secret.");
        }
    }

    private static void Seal(ReadOnlySpan<byte> content, ReleaseFileKey? secret, Span<byte> seal)
    {
        if (secret is null)
        {
            SHA256.HashData(content, seal);
            return;
        }

        secret.Authenticate(content, seal);
    }

    private static byte[] Encode(string text, int longest, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(text, parameter);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length <= longest
            ? bytes
            : throw new ArgumentException($"The name has {bytes.Length} bytes in UTF-8; at most {longest} fit a file.", parameter);
    }

    /// <summary>For messages: what is not known to be authentic must not write lines of its own into a log.</summary>
    private static string Decode(ReadOnlySpan<byte> text) =>
        string.Concat(Encoding.UTF8.GetString(text).Select(letter => char.IsControl(letter) ? '?' : letter));
}
