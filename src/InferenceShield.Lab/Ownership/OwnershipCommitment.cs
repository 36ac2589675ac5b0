using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab;

/// <summary>A signed statement, made before any suspect exists, of which key and which parameters mark a model.</summary>
/// <remarks>
/// <para>Without it anybody can search for a key or for inputs by which an innocent model looks marked: Liu et al., "False Claims against
/// Model Ownership Resolution" (USENIX Security 2024). It binds the claimant to a key, as SHA-256(domain, salt, key), to the model's file,
/// to the parameters of every mark, and to how marks and probes follow from the key, so that none of them can be chosen afterwards.</para>
/// <para>When it was made is only as good as who says so: have its digest stamped (<see cref="CommitmentTimestamp"/>).</para>
/// <para>The file is canonical JSON (RFC 8785) with an ECDSA signature over it (P-256, SHA-256, IEEE P1363 form). It holds no secret and
/// may be published. Immutable and thread-safe.</para>
/// </remarks>
public sealed class OwnershipCommitment
{
    private const int Version = 1;
    private const int MostBytes = 1 << 20;
    private const int DigestSize = SHA256.HashSizeInBytes;
    private const string SignatureForm = "ECDSA P-256 SHA-256 IEEE-P1363";

    private readonly byte[] _document;
    private readonly byte[] _keyCommitment;
    private readonly byte[] _publicKey;
    private readonly byte[] _file;

    private OwnershipCommitment(byte[] file, string what)
    {
        _file = file;
        JsonElement root = OwnershipFiles.Parse(file, $"{what} is no commitment");
        JsonElement document = OwnershipFiles.GetObject(root, "commitment", what);
        _document = CanonicalJson.Write(document);
        OwnershipFiles.RequireVersion(document, Version, what);
        _publicKey = OwnershipFiles.GetBase64(document, "publicKey", what);
        JsonElement signature = OwnershipFiles.GetObject(root, "signature", what);
        if (OwnershipFiles.GetText(signature, "form", what) != SignatureForm || root.EnumerateObject().Count() != 2 || signature.EnumerateObject().Count() != 2
            || !SigningKeys.Verify(_publicKey, _document, OwnershipFiles.GetBase64(signature, "value", what)))
        {
            throw new OwnershipFileException(OwnershipFileFault.Altered, $"The signature of {what} does not fit: the commitment was altered after it was signed. Take the file as it was written.");
        }

        JsonElement model = OwnershipFiles.GetObject(document, "model", what);
        Model = OwnershipFiles.GetText(model, "name", what);
        ModelDigest = Convert.ToHexStringLower(OwnershipFiles.GetHex(model, "sha256", DigestSize, what));
        JsonElement key = OwnershipFiles.GetObject(document, "key", what);
        KeyId = OwnershipFiles.GetText(key, "id", what);
        _keyCommitment = OwnershipFiles.GetHex(key, "commitment", DigestSize, what);
        InputSpaceDigest = document.TryGetProperty("inputSpaceSha256", out _) ? Convert.ToHexStringLower(OwnershipFiles.GetHex(document, "inputSpaceSha256", DigestSize, what)) : null;
        Time = OwnershipFiles.GetTime(document, "time", what);
        Expires = document.TryGetProperty("expires", out _) ? OwnershipFiles.GetTime(document, "expires", what) : null;
        SoftwareVersion = OwnershipFiles.GetText(document, "software", what);
        Marks = ReadMarks(document, what);
        if (CanonicalJson.Write(OwnershipFiles.GetObject(document, "derivation", what)) is { } derivation && !derivation.AsSpan().SequenceEqual(CanonicalJson.Write(MarkDerivation.Describe())))
        {
            throw new OwnershipFileException(OwnershipFileFault.Version, $"{what} commits to another derivation of marks and probes than this software has. Check it with the software that wrote it ({SoftwareVersion}).");
        }
    }

    /// <summary>What reports and dossiers name it by: 32 hexadecimal digits of the document's SHA-256.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(_document))[..32];

    /// <summary>SHA-256 of the whole file with its signature, in lower-case hexadecimal: what a timestamp stamps.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(_file));

    /// <summary>The model's name.</summary>
    public string Model { get; }

    /// <summary>SHA-256 of the model's file, in lower-case hexadecimal.</summary>
    public string ModelDigest { get; }

    /// <summary>The id of the secret that the mark key was derived of.</summary>
    public string KeyId { get; }

    /// <summary>The marks of each output and posture.</summary>
    public IReadOnlyList<CommittedMarks> Marks { get; }

    /// <summary>SHA-256 of the file of the input space, in lower-case hexadecimal; null for none.</summary>
    public string? InputSpaceDigest { get; }

    /// <summary>When it was made, in UTC to the second, as its maker says.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>From when on it holds no more; null for never.</summary>
    public DateTimeOffset? Expires { get; }

    /// <summary>What wrote it.</summary>
    public string SoftwareVersion { get; }

    /// <summary>SHA-256 of the public key (SubjectPublicKeyInfo), in lower-case hexadecimal: what to compare with a key known otherwise.</summary>
    public string SignerDigest => Convert.ToHexStringLower(SHA256.HashData(_publicKey));

    /// <summary>The seed that probes are drawn with: nobody can choose it after the commitment, and everybody can compute it.</summary>
    /// <remarks>The first 8 bytes, little-endian, of SHA-256("InferenceShield/probes/1\n", the canonical document).</remarks>
    public ulong ProbeSeed
    {
        get
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData("InferenceShield/probes/1\n"u8);
            hash.AppendData(_document);
            return BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset());
        }
    }

    internal ReadOnlySpan<byte> File => _file;

    /// <summary>Commits to a key under terms.</summary>
    /// <param name="key">The mark key. Not kept.</param>
    /// <param name="terms">Model, marks and validity.</param>
    /// <param name="signingKey">An ECDSA key on P-256 with its private part.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <returns>The commitment, which may be published, and what opens it, which is to be kept.</returns>
    /// <exception cref="ArgumentException">No marks, digests that are none, a key on another curve.</exception>
    /// <remarks>The salt is 32 bytes of the system's generator. The document is the same for the same salt, time and terms; ECDSA
    /// signatures differ from one to the next.</remarks>
    public static (OwnershipCommitment Commitment, CommitmentOpening Opening) Create(MarkKey key, CommitmentTerms terms, ECDsa signingKey, TimeProvider? time = null) =>
        Create(key, terms, signingKey, (time ?? TimeProvider.System).GetUtcNow(), RandomNumberGenerator.GetBytes(CommitmentOpening.SaltSize));

    internal static (OwnershipCommitment Commitment, CommitmentOpening Opening) Create(MarkKey key, CommitmentTerms terms, ECDsa signingKey, DateTimeOffset time, byte[] salt)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(signingKey);
        RequireTerms(terms);
        byte[] publicKey = SigningKeys.PublicOf(signingKey);
        JsonObject document = new()
        {
            ["version"] = Version,
            ["model"] = new JsonObject { ["name"] = key.Model, ["sha256"] = terms.ModelDigest },
            ["key"] = new JsonObject { ["id"] = key.KeyId, ["commitment"] = Convert.ToHexStringLower(CommitTo(key, salt)) },
            ["marks"] = JsonSerializer.SerializeToNode([.. terms.Marks], OwnershipJsonContext.Default.CommittedMarksArray),
            ["derivation"] = MarkDerivation.Describe(),
            ["time"] = OwnershipFiles.TextOf(time),
            ["software"] = MarkDerivation.Software,
            ["publicKey"] = Convert.ToBase64String(publicKey),
        };
        if (terms.InputSpaceDigest is not null)
        {
            document["inputSpaceSha256"] = terms.InputSpaceDigest;
        }

        if (terms.Validity is { } validity)
        {
            document["expires"] = OwnershipFiles.TextOf(time + validity);
        }

        byte[] signature = signingKey.SignData(CanonicalJson.Write(document), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        JsonObject file = new()
        {
            ["commitment"] = document,
            ["signature"] = new JsonObject { ["form"] = SignatureForm, ["value"] = Convert.ToBase64String(signature) },
        };
        OwnershipCommitment commitment = new(CanonicalJson.Write(file), "the commitment");
        return (commitment, new CommitmentOpening(commitment.Id, salt));
    }

    /// <summary>Reads a commitment and verifies its signature with the key that it names.</summary>
    /// <exception cref="OwnershipFileException">It is none, was altered, or is of another version.</exception>
    /// <remarks>Anybody can sign an altered one anew with a key of his own: compare <see cref="SignerDigest"/>, or rely on the timestamp.
    /// Whether it has run out is for <see cref="RequireCurrent"/>.</remarks>
    public static OwnershipCommitment Load(string path) => new(OwnershipFiles.Read(path, MostBytes), $"'{path}'");

    internal static OwnershipCommitment Parse(byte[] file, string what) => new(file, what);

    /// <summary>Writes a new file.</summary>
    /// <exception cref="IOException">There is such a file already, or it cannot be written.</exception>
    public void Save(string path) => OwnershipFiles.Create(path, _file);

    /// <summary>Whether a key known otherwise has signed it.</summary>
    /// <param name="publicKey">On P-256.</param>
    public bool IsSignedBy(ECDsa publicKey)
    {
        ArgumentNullException.ThrowIfNull(publicKey);
        return SigningKeys.PublicOf(publicKey).AsSpan().SequenceEqual(_publicKey); // the signature by it has been verified
    }

    /// <summary>Whether this key and opening are what was committed to. Takes the same time for every key.</summary>
    public bool Opens(MarkKey key, CommitmentOpening opening)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(opening);
        return CryptographicOperations.FixedTimeEquals(CommitTo(key, opening.Salt), _keyCommitment);
    }

    /// <summary>Refuses a key that was not committed to.</summary>
    /// <exception cref="OwnershipFileException">The opening or the key is another one's; the message says which.</exception>
    public void RequireOpen(MarkKey key, CommitmentOpening opening)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(opening);
        if (opening.Commitment != Id)
        {
            throw new OwnershipFileException(OwnershipFileFault.NotOpened, $"The opening is that of commitment {opening.Commitment}, not of {Id}. Give the one that was written with it.");
        }

        if (key.Model != Model)
        {
            throw new OwnershipFileException(OwnershipFileFault.NotOpened, $"The mark key is that of model '{key.Model}'; commitment {Id} is of '{Model}'. Give the name with --model-name if the file was renamed.");
        }

        if (!Opens(key, opening))
        {
            throw new OwnershipFileException(OwnershipFileFault.NotOpened, $"The mark key does not open commitment {Id}, which was made with key '{KeyId}': this one is '{key.KeyId}'. A key that was not committed to proves nothing.");
        }
    }

    /// <summary>Refuses a commitment that has run out, or that says it was made later than now.</summary>
    /// <param name="now">The time it is to hold at.</param>
    /// <exception cref="OwnershipFileException">It does not.</exception>
    public void RequireCurrent(DateTimeOffset now)
    {
        if (Expires is { } expires && now >= expires)
        {
            throw new OwnershipFileException(OwnershipFileFault.Expired, $"Commitment {Id} ran out at {OwnershipFiles.TextOf(expires)}. Make the next one before the last runs out; a suspect older than the new one is judged by the old.");
        }

        if (Time - now > TimeSpan.FromDays(1)) // a clock may be wrong by a zone, not by more
        {
            throw new OwnershipFileException(OwnershipFileFault.Expired, $"Commitment {Id} says it was made at {OwnershipFiles.TextOf(Time)}, later than now. Set the clock right.");
        }
    }

    /// <summary>Id and model.</summary>
    public override string ToString() => $"OwnershipCommitment({Id}, {Model})";

    private static byte[] CommitTo(MarkKey key, ReadOnlySpan<byte> salt)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(MarkKey.Size, pinned: true);
        try
        {
            key.Export(bytes);
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData("InferenceShield/mark-key/1\n"u8);
            hash.AppendData(salt);
            hash.AppendData(bytes);
            return hash.GetHashAndReset();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static void RequireTerms(CommitmentTerms terms)
    {
        if (terms.Marks.Count == 0)
        {
            throw new ArgumentException("There are no marks to commit to: set a Watermark in the policy's Hardening, Guarded or Restricted, and declare the output.", nameof(terms));
        }

        if (terms.Validity is { } validity && (validity <= TimeSpan.Zero || validity > TimeSpan.FromDays(36_525)))
        {
            throw new ArgumentException($"A validity of {validity.TotalDays:0.#} days; allowed is above 0, at most 100 years.", nameof(terms));
        }

        foreach (string digest in new[] { terms.ModelDigest, terms.InputSpaceDigest ?? terms.ModelDigest })
        {
            if (digest.Length != 2 * DigestSize || digest.Any(static digit => !char.IsAsciiDigit(digit) && !char.IsAsciiHexDigitLower(digit)))
            {
                throw new ArgumentException("A digest has to be SHA-256 in 64 lower-case hexadecimal digits.", nameof(terms));
            }
        }
    }

    private static CommittedMarks[] ReadMarks(JsonElement document, string what)
    {
        try
        {
            CommittedMarks[]? marks = document.TryGetProperty("marks", out JsonElement value) ? value.Deserialize(OwnershipJsonContext.Default.CommittedMarksArray) : null;
            return marks is { Length: > 0 } && marks.All(static one => one is { Output: not null, Watermark: not null })
                ? marks
                : throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what} names no marks.");
        }
        catch (JsonException exception)
        {
            throw new OwnershipFileException(OwnershipFileFault.Version, $"{what} holds a mark or a parameter that this software does not know ({exception.Path}). Check it with the software that wrote it.", exception);
        }
    }
}
