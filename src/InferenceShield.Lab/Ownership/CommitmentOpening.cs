using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab;

/// <summary>What opens a commitment together with the mark key: the salt. Keep it as you keep the key; without it the key proves nothing.</summary>
/// <remarks>It holds no part of the key, and the key cannot be found by it unless it is weak. Immutable and thread-safe.</remarks>
public sealed class CommitmentOpening
{
    internal const int SaltSize = 32;
    private const int Version = 1;
    private const int MostBytes = 4096;

    private readonly byte[] _salt;

    internal CommitmentOpening(string commitment, byte[] salt)
    {
        Commitment = commitment;
        _salt = salt;
    }

    /// <summary>The id of the commitment that it opens.</summary>
    public string Commitment { get; }

    internal ReadOnlySpan<byte> Salt => _salt;

    /// <summary>Writes a new file that only its owner may read (mode 600 where there are modes).</summary>
    /// <exception cref="IOException">There is such a file already, or it cannot be written.</exception>
    public void Save(string path) => OwnershipFiles.Create(path, ToBytes(), ownerOnly: true);

    /// <summary>Reads an opening.</summary>
    /// <exception cref="OwnershipFileException">It is none.</exception>
    public static CommitmentOpening Load(string path) => Parse(OwnershipFiles.Read(path, MostBytes), $"'{path}'");

    internal static CommitmentOpening Parse(ReadOnlySpan<byte> bytes, string what)
    {
        JsonElement root = OwnershipFiles.Parse(bytes, $"{what} is no opening of a commitment");
        OwnershipFiles.RequireVersion(root, Version, what);
        byte[] salt = OwnershipFiles.GetHex(root, "salt", SaltSize, what);
        return new CommitmentOpening(OwnershipFiles.GetText(root, "commitment", what), salt);
    }

    internal byte[] ToBytes() => CanonicalJson.Write(new JsonObject
    {
        ["commitment"] = Commitment,
        ["salt"] = Convert.ToHexStringLower(_salt),
        ["version"] = Version,
    });

    /// <summary>The commitment's id only.</summary>
    public override string ToString() => $"CommitmentOpening({Commitment})";
}
