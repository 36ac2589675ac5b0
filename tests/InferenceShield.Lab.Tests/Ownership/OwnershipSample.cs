using System.Security.Cryptography;

namespace InferenceShield.Lab.Tests;

/// <summary>A key, a commitment to it, and what opens it.</summary>
internal sealed class OwnershipSample : IDisposable
{
    public static readonly DateTimeOffset Time = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public OwnershipSample(string model = "fashion", TimeSpan? validity = null)
    {
        using ShieldSecret secret = new(Bytes(32, 1));
        Key = MarkKey.Of(secret, model);
        (Commitment, Opening) = OwnershipCommitment.Create(Key, Terms(validity), Signer, Time, Bytes(32, 2));
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("ownership").FullName;

    public ECDsa Signer { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public MarkKey Key { get; }

    public OwnershipCommitment Commitment { get; }

    public CommitmentOpening Opening { get; }

    public string At(string name) => Path.Combine(Folder, name);

    public static CommitmentTerms Terms(TimeSpan? validity = null)
    {
        ShieldOptions options = new() { Hardening = new() { Watermark = new() { NearTie = new() { ExemptClasses = [3] } } } };
        options.Outputs["scores"] = new OutputOptions { Kind = OutputKind.Probabilities, Classes = 10 };
        return new CommitmentTerms
        {
            ModelDigest = Convert.ToHexStringLower(SHA256.HashData("model"u8)),
            InputSpaceDigest = Convert.ToHexStringLower(SHA256.HashData("space"u8)),
            Marks = CommittedMarks.Of(options),
            Validity = validity,
        };
    }

    /// <summary>Bytes of the seeded generator.</summary>
    public static byte[] Bytes(int count, ulong stream)
    {
        SeededRandom random = new(seed: 7, stream);
        return [.. Enumerable.Range(0, count).Select(_ => (byte)(128 * (random.NextSigned() + 1)))];
    }

    public void Dispose()
    {
        Key.Dispose();
        Signer.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
