using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab;

/// <summary>The archive of a dossier: parts by name, a manifest of their SHA-256s, and a signature over the manifest. Never unpacked to disk.</summary>
/// <remarks>Parts in the order of their names and all of one time, so that the same parts give the same bytes up to the signature. The signature
/// is ECDSA P-256 with SHA-256 in DER, which OpenSSL takes as it is.</remarks>
internal static class DossierArchive
{
    public const string Manifest = "manifest.json";
    public const string Signature = "manifest.sig";
    public const string PublicKey = "public.pem";

    /// <summary>Bytes of an archive, and of its parts together.</summary>
    public const int MostBytes = 1 << 26;
    private const int MostPartBytes = 1 << 25;
    private const int Version = 1;
    private const string Form = "InferenceShield dossier";

    private static readonly DateTimeOffset s_time = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Every part that a dossier may have. Names of other kinds, such as paths, are refused as unknown.</summary>
    public static readonly string[] Names =
    [
        "README.txt", "commitment.json", "evidence.digest", "evidence.json", "evidence.tsq", "evidence.tsr", "inputs.bin", "opening.json", "recompute.py", "record.json", "report.json", "summary.html", "timestamp.tsq", "timestamp.tsr",
    ];

    /// <param name="parts">By name, of <see cref="Names"/>.</param>
    /// <param name="signingKey">On P-256.</param>
    /// <param name="commitment">The id of the commitment.</param>
    /// <param name="time">When it was made.</param>
    public static byte[] Write(IReadOnlyDictionary<string, byte[]> parts, ECDsa signingKey, string commitment, DateTimeOffset time)
    {
        SigningKeys.PublicOf(signingKey);
        SortedDictionary<string, byte[]> all = new(parts.ToDictionary(), StringComparer.Ordinal);
        JsonObject digests = [];
        foreach ((string name, byte[] bytes) in all)
        {
            if (bytes.Length > MostPartBytes)
            {
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} would have {bytes.Length:N0} bytes; a part of a dossier has at most {MostPartBytes:N0}. Leave inputs out, or give fewer suspects."), nameof(parts));
            }

            digests[name] = Convert.ToHexStringLower(SHA256.HashData(bytes));
        }

        byte[] publicKey = Encoding.ASCII.GetBytes(signingKey.ExportSubjectPublicKeyInfoPem() + "\n");
        digests[PublicKey] = Convert.ToHexStringLower(SHA256.HashData(publicKey));
        byte[] manifest = CanonicalJson.Write(new JsonObject
        {
            ["form"] = Form,
            ["version"] = Version,
            ["commitment"] = commitment,
            ["software"] = MarkDerivation.Software,
            ["time"] = OwnershipFiles.TextOf(time),
            ["sha256"] = digests,
        });
        all[PublicKey] = publicKey;
        all[Manifest] = manifest;
        all[Signature] = signingKey.SignData(manifest, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in all)
            {
                ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.Optimal);
                entry.LastWriteTime = s_time;
                using Stream part = entry.Open();
                part.Write(bytes);
            }
        }

        return stream.ToArray();
    }

    /// <summary>Reads parts and verifies manifest and signature.</summary>
    /// <exception cref="OwnershipFileException">Anything is missing, too much, altered, or too large.</exception>
    public static (IReadOnlyDictionary<string, byte[]> Parts, JsonElement Manifest) Read(byte[] archive)
    {
        Dictionary<string, byte[]> parts = ReadParts(archive);
        byte[] manifest = Take(parts, Manifest);
        byte[] signature = Take(parts, Signature);
        JsonElement root = OwnershipFiles.Parse(manifest, $"{Manifest} is no manifest of a dossier");
        if (OwnershipFiles.GetText(root, "form", Manifest) != Form)
        {
            throw Fault($"{Manifest} is not that of a dossier.");
        }

        OwnershipFiles.RequireVersion(root, Version, "The dossier");
        using (ECDsa key = ReadKey(parts))
        {
            if (!IsSigned(key, manifest, signature))
            {
                throw new OwnershipFileException(OwnershipFileFault.Altered, "The signature of the dossier does not fit: its manifest was altered after it was signed. Ask for it anew from who made it.");
            }
        }

        JsonElement digests = OwnershipFiles.GetObject(root, "sha256", Manifest);
        foreach (JsonProperty part in digests.EnumerateObject())
        {
            if (!parts.TryGetValue(part.Name, out byte[]? bytes))
            {
                throw Fault($"The dossier has no {part.Name}, which its manifest names. It was taken out, or the archive is cut short.");
            }

            if (!SHA256.HashData(bytes).AsSpan().SequenceEqual(OwnershipFiles.GetHex(digests, part.Name, SHA256.HashSizeInBytes, Manifest)))
            {
                throw new OwnershipFileException(OwnershipFileFault.Altered, $"{part.Name} of the dossier is not the one that was signed: it was altered. Ask for it anew from who made it.");
            }
        }

        string? added = parts.Keys.FirstOrDefault(name => !digests.TryGetProperty(name, out _));
        return added is null ? (parts, root) : throw Fault($"The dossier holds {added}, which its manifest does not name: it was added after the dossier was signed.");
    }

    private static Dictionary<string, byte[]> ReadParts(byte[] archive)
    {
        if (archive.Length > MostBytes || CountEntries(archive) > Names.Length + 3)
        {
            throw Fault(string.Create(CultureInfo.InvariantCulture, $"The archive has {archive.Length:N0} bytes or more entries than a dossier, which has at most {MostBytes:N0} bytes and {Names.Length + 3} parts. It is none."));
        }

        Dictionary<string, byte[]> parts = new(StringComparer.Ordinal);
        long total = 0;
        try
        {
            using ZipArchive zip = new(new MemoryStream(archive, writable: false), ZipArchiveMode.Read);
            foreach (ZipArchiveEntry entry in zip.Entries)
            {
                if (!Names.Contains(entry.FullName) && entry.FullName is not (Manifest or Signature or PublicKey))
                {
                    throw Fault($"The archive holds '{Shown(entry.FullName)}', which is no part of a dossier. Nothing of it was unpacked.");
                }

                byte[] bytes = ReadEntry(entry);
                total += bytes.Length;
                if (total > MostBytes)
                {
                    throw Fault(string.Create(CultureInfo.InvariantCulture, $"The parts have more than {MostBytes:N0} bytes together. No dossier has."));
                }

                if (!parts.TryAdd(entry.FullName, bytes))
                {
                    throw Fault($"The archive holds {entry.FullName} twice: programs would differ in which they read.");
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or NotSupportedException)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, "The file is no zip archive, or is damaged or cut short. Ask for it anew from who made it.", exception);
        }

        return parts;
    }

    /// <summary>Reads at most what a part may have, whatever the directory says of its length.</summary>
    private static byte[] ReadEntry(ZipArchiveEntry entry)
    {
        using Stream part = entry.Open();
        using MemoryStream bytes = new();
        byte[] block = new byte[1 << 16];
        for (int read = part.Read(block); read > 0; read = part.Read(block))
        {
            if (bytes.Length + read > MostPartBytes)
            {
                throw Fault(string.Create(CultureInfo.InvariantCulture, $"{entry.FullName} unpacks to more than {MostPartBytes:N0} bytes. No part of a dossier does."));
            }

            bytes.Write(block, 0, read);
        }

        return bytes.ToArray();
    }

    /// <summary>Before anything is read: a directory of a million entries costs memory by itself.</summary>
    private static int CountEntries(ReadOnlySpan<byte> archive)
    {
        ReadOnlySpan<byte> mark = [0x50, 0x4b, 0x01, 0x02]; // "PK", of every entry in the directory
        return archive.Count(mark);
    }

    private static byte[] Take(Dictionary<string, byte[]> parts, string name) =>
        parts.Remove(name, out byte[]? bytes) ? bytes : throw Fault($"The archive has no {name}: it is no dossier, or it was taken out.");

    private static ECDsa ReadKey(Dictionary<string, byte[]> parts)
    {
        ECDsa? key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.ASCII.GetString(parts.GetValueOrDefault(PublicKey) ?? throw Fault($"The archive has no {PublicKey}: it is no dossier, or it was taken out.")));
            SigningKeys.PublicOf(key);
            ECDsa read = key;
            key = null;
            return read;
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException or PlatformNotSupportedException)
        {
            throw new OwnershipFileException(OwnershipFileFault.Altered, $"{PublicKey} of the dossier is no ECDSA key on P-256: it was altered.", exception);
        }
        finally
        {
            key?.Dispose();
        }
    }

    private static bool IsSigned(ECDsa key, byte[] manifest, byte[] signature)
    {
        try
        {
            return key.VerifyData(manifest, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static string Shown(string name) => name.Length > 80 ? name[..80] + "..." : name;

    private static OwnershipFileException Fault(string message) => new(OwnershipFileFault.Archive, message);
}
