using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab.Tests;

/// <summary>What goes into a dossier, and ways to take one apart and to put it together otherwise.</summary>
internal sealed class DossierSample : IDisposable
{
    public static readonly DateTimeOffset Later = OwnershipSample.Time.AddDays(30);

    public DossierSample()
    {
        Request = CommitmentTimestamp.CreateRequest(Ownership.Commitment);
        Response = Authority.Answer(Request, OwnershipSample.Time.AddHours(1));
    }

    public OwnershipSample Ownership { get; } = new();

    public TestAuthority Authority { get; } = new();

    public byte[] Request { get; }

    public byte[] Response { get; }

    public void Dispose()
    {
        Ownership.Dispose();
        Authority.Dispose();
    }

    /// <summary>A copy and a stranger, tested under the commitment, with one control.</summary>
    public async Task<DossierContent> ContentAsync(MarkKeying keying = MarkKeying.Cell)
    {
        MarkedModel target = MarkedModel.Clean(seed: 1);
        VerificationRequest request = new()
        {
            Target = target,
            Key = Ownership.Key,
            Marks = new WatermarkOptions { NearTie = new() { Margin = MarkedModel.Margin, Keying = keying } },
            Queries = target.Rows(seed: 2, count: 1500),
            Controls = [new VerificationControl("control", target)],
            Commitment = Ownership.Commitment.Id,
            RandomKeys = 300,
            Seed = Ownership.Commitment.ProbeSeed,
            Time = new Clock(Later),
        };
        VerificationReport copy = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("copy", target.Copy(Ownership.Key, 0.95)));
        VerificationReport stranger = await OwnershipVerifier.VerifyAsync(request with { Controls = [], OtherCommitments = ["an earlier one"] }, Suspect.Of("stranger", target));
        return new DossierContent
        {
            Commitment = Ownership.Commitment,
            Opening = Ownership.Opening,
            Reports = OwnershipVerifier.Adjust([copy, stranger]),
            TimestampRequest = Request,
            TimestampResponse = Response,
        };
    }

    public static void RequireFault(OwnershipFileFault fault, string expected, byte[] archive)
    {
        OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Check(archive));
        Assert.True(exception.Fault == fault && exception.Message.Contains(expected, StringComparison.Ordinal), $"expected {fault} '{expected}': {exception.Fault} {exception.Message}");
    }

    public static Dictionary<string, byte[]> Unpack(byte[] archive)
    {
        using ZipArchive zip = new(new MemoryStream(archive));
        Dictionary<string, byte[]> parts = [];
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using MemoryStream bytes = new();
            using Stream part = entry.Open();
            part.CopyTo(bytes);
            parts.Add(entry.FullName, bytes.ToArray());
        }

        return parts;
    }

    public static byte[] Pack(IEnumerable<KeyValuePair<string, byte[]>> parts)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] bytes) in parts)
            {
                using Stream part = zip.CreateEntry(name).Open();
                part.Write(bytes);
            }
        }

        return stream.ToArray();
    }

    /// <summary>The parts under a manifest and a signature of their own: what a claimant himself can do.</summary>
    public Dictionary<string, byte[]> Signed(Dictionary<string, byte[]> parts, Action<JsonNode>? change = null)
    {
        Dictionary<string, byte[]> signed = new(parts);
        JsonNode manifest = JsonNode.Parse(parts["manifest.json"])!;
        foreach (string name in manifest["sha256"]!.AsObject().Select(member => member.Key).ToArray())
        {
            manifest["sha256"]![name] = Convert.ToHexStringLower(SHA256.HashData(parts[name]));
        }

        change?.Invoke(manifest);
        signed["manifest.json"] = CanonicalJson.Write(manifest);
        signed["manifest.sig"] = Ownership.Signer.SignData(signed["manifest.json"], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return signed;
    }

    public sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
