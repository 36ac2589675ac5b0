using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab.Tests;

public sealed class OwnershipCommitmentTests : IDisposable
{
    private readonly OwnershipSample _sample = new();

    public void Dispose() => _sample.Dispose();

    [Fact]
    public void What_is_saved_is_what_was_committed_to()
    {
        _sample.Commitment.Save(_sample.At("a.commitment"));
        _sample.Opening.Save(_sample.At("a.opening"));
        OwnershipCommitment read = OwnershipCommitment.Load(_sample.At("a.commitment"));
        CommitmentOpening opening = CommitmentOpening.Load(_sample.At("a.opening"));
        Assert.Equal((_sample.Commitment.Id, "fashion", _sample.Key.KeyId, OwnershipSample.Time), (read.Id, read.Model, read.KeyId, read.Time));
        Assert.Equal((OwnershipSample.Terms().ModelDigest, OwnershipSample.Terms().InputSpaceDigest), (read.ModelDigest, read.InputSpaceDigest));
        Assert.Equal(_sample.Commitment.ProbeSeed, read.ProbeSeed);
        Assert.Equal([Posture.Normal, Posture.Guarded, Posture.Restricted], read.Marks.Select(marks => marks.Posture));
        Assert.Equal([0.1, 0.2, 0.2], read.Marks.Select(marks => marks.Watermark.NearTie!.Margin!.Value)); // filled in, not left to a later version's defaults
        Assert.Equal([3], read.Marks[1].Watermark.NearTie!.ExemptClasses!);
        read.RequireOpen(_sample.Key, opening);
        Assert.True(read.IsSignedBy(_sample.Signer));
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.False(read.IsSignedBy(other));
    }

    [Fact]
    public void The_document_follows_from_salt_time_and_terms()
    {
        (OwnershipCommitment again, _) = OwnershipCommitment.Create(_sample.Key, OwnershipSample.Terms(), _sample.Signer, OwnershipSample.Time, OwnershipSample.Bytes(32, 2));
        Assert.Equal(_sample.Commitment.Id, again.Id);
        (OwnershipCommitment salted, _) = OwnershipCommitment.Create(_sample.Key, OwnershipSample.Terms(), _sample.Signer, OwnershipSample.Time, OwnershipSample.Bytes(32, 3));
        Assert.NotEqual(_sample.Commitment.Id, salted.Id);
        Assert.NotEqual(_sample.Commitment.ProbeSeed, salted.ProbeSeed);
    }

    [Fact] // by hand, as an expert without this library would
    public void The_commitment_to_the_key_is_the_digest_that_it_says()
    {
        byte[] key = new byte[MarkKey.Size];
        _sample.Key.Export(key);
        string expected = Convert.ToHexStringLower(SHA256.HashData([.. "InferenceShield/mark-key/1\n"u8, .. OwnershipSample.Bytes(32, 2), .. key]));
        JsonNode file = JsonNode.Parse(_sample.Commitment.File)!;
        Assert.Equal(expected, file["commitment"]!["key"]!["commitment"]!.GetValue<string>());
        byte[] document = CanonicalJson.Write(file["commitment"]!);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(document))[..32], _sample.Commitment.Id);
        Assert.True(_sample.Signer.VerifyData(document, Convert.FromBase64String(file["signature"]!["value"]!.GetValue<string>()), HashAlgorithmName.SHA256));
    }

    [Fact]
    public void Neither_file_holds_the_key()
    {
        byte[] key = new byte[MarkKey.Size];
        _sample.Key.Export(key);
        foreach (byte[] file in new[] { _sample.Commitment.File.ToArray(), _sample.Opening.ToBytes() })
        {
            string text = Encoding.UTF8.GetString(file);
            Assert.DoesNotContain(Convert.ToHexStringLower(key), text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(key)[..40], text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(Convert.ToHexStringLower(_sample.Opening.Salt), Encoding.UTF8.GetString(_sample.Commitment.File), StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(_sample.Opening.Salt), _sample.Opening.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_altered_byte_is_found()
    {
        byte[] file = _sample.Commitment.File.ToArray();
        for (int i = 0; i < file.Length; i += 3)
        {
            byte[] altered = [.. file];
            altered[i] ^= 1;
            OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => OwnershipCommitment.Parse(altered, "x"));
            Assert.Contains(exception.Fault, new[] { OwnershipFileFault.Altered, OwnershipFileFault.Unreadable, OwnershipFileFault.Version });
        }

        for (int length = 0; length < file.Length; length += 7)
        {
            Assert.Throws<OwnershipFileException>(() => OwnershipCommitment.Parse(file[..length], "x"));
        }
    }

    [Theory]
    [InlineData("\"name\":\"fashion\"", "\"name\":\"letters\"", OwnershipFileFault.Altered, "altered after it was signed")]
    [InlineData("\"margin\":0.1", "\"margin\":0.3", OwnershipFileFault.Altered, "altered after it was signed")]
    [InlineData("2026-03-01", "2025-03-01", OwnershipFileFault.Altered, "altered after it was signed")]
    [InlineData("\"version\":1", "\"version\":2", OwnershipFileFault.Version, "version 2")]
    [InlineData("IEEE-P1363", "IEEE-P1364", OwnershipFileFault.Altered, "signature")]
    [InlineData("\"signature\":{", "\"note\":1,\"signature\":{", OwnershipFileFault.Altered, "signature")]
    [InlineData("\"form\":", "\"extra\":1,\"form\":", OwnershipFileFault.Altered, "signature")]
    [InlineData("\"commitment\":{", "\"commitment\": {", OwnershipFileFault.Unreadable, "canonical")]
    [InlineData("\"publicKey\":\"", "\"publicKey\":\"*", OwnershipFileFault.Unreadable, "base64")]
    public void Altered_documents_say_what_is_wrong(string part, string other, OwnershipFileFault fault, string expected)
    {
        string text = Encoding.UTF8.GetString(_sample.Commitment.File);
        Assert.Contains(part, text, StringComparison.Ordinal);
        OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => OwnershipCommitment.Parse(Encoding.UTF8.GetBytes(text.Replace(part, other, StringComparison.Ordinal)), "'x'"));
        Assert.Equal(fault, exception.Fault);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory] // signed properly, so that only the content is at fault
    [InlineData("derivation", "{}", OwnershipFileFault.Version, "another derivation")]
    [InlineData("marks", "[]", OwnershipFileFault.Unreadable, "no marks")]
    [InlineData("marks", """[{"output":"scores","kind":"Probabilities","posture":"Normal","watermark":{"hologram":{}}}]""", OwnershipFileFault.Version, "does not know")]
    [InlineData("model", "\"fashion\"", OwnershipFileFault.Unreadable, "no model")]
    [InlineData("time", "\"yesterday\"", OwnershipFileFault.Unreadable, "no time")]
    [InlineData("inputSpaceSha256", "\"ABCD\"", OwnershipFileFault.Unreadable, "hexadecimal")]
    public void Signed_nonsense_is_refused(string member, string value, OwnershipFileFault fault, string expected)
    {
        OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => Signed(member, JsonNode.Parse(value)));
        Assert.Equal(fault, exception.Fault);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_key_another_model_and_another_opening_are_told_apart()
    {
        using ShieldSecret secret = new(OwnershipSample.Bytes(32, 9));
        using MarkKey other = MarkKey.Of(secret, "fashion");
        using MarkKey letters = MarkKey.Of(secret, "letters");
        (_, CommitmentOpening foreign) = OwnershipCommitment.Create(other, OwnershipSample.Terms(), _sample.Signer, OwnershipSample.Time, OwnershipSample.Bytes(32, 4));
        foreach ((MarkKey key, CommitmentOpening opening, string expected) in new[]
        {
            (other, _sample.Opening, "does not open"), (letters, _sample.Opening, "is that of model 'letters'"), (_sample.Key, foreign, "opening is that of commitment"),
            (_sample.Key, new CommitmentOpening(_sample.Commitment.Id, new byte[32]), "does not open"),
        })
        {
            OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => _sample.Commitment.RequireOpen(key, opening));
            Assert.Equal(OwnershipFileFault.NotOpened, exception.Fault);
            Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        }

        Assert.True(_sample.Commitment.Opens(_sample.Key, _sample.Opening));
        Assert.False(_sample.Commitment.Opens(other, _sample.Opening));
    }

    [Fact]
    public void It_holds_from_its_time_until_it_runs_out()
    {
        using OwnershipSample year = new(validity: TimeSpan.FromDays(365));
        year.Commitment.RequireCurrent(OwnershipSample.Time);
        year.Commitment.RequireCurrent(OwnershipSample.Time.AddDays(364.9));
        foreach (double days in new[] { 365, 4000, -2.0 })
        {
            Assert.Equal(OwnershipFileFault.Expired, Assert.Throws<OwnershipFileException>(() => year.Commitment.RequireCurrent(OwnershipSample.Time.AddDays(days))).Fault);
        }

        _sample.Commitment.RequireCurrent(OwnershipSample.Time.AddDays(40_000));
    }

    [Theory] // signed by its maker, who may write any time
    [InlineData("0001-01-01T00:00:00Z", false)]
    [InlineData("9999-12-31T23:59:59Z", true)]
    public void A_time_at_the_end_of_the_calendar_is_compared(string time, bool isLater)
    {
        OwnershipCommitment commitment = Signed("time", JsonValue.Create(time));
        Exception? refused = Record.Exception(() => commitment.RequireCurrent(OwnershipSample.Time));
        Assert.Equal(isLater ? OwnershipFileFault.Expired : null, ((OwnershipFileException?)refused)?.Fault);
    }

    [Fact]
    public void Nothing_is_written_over_and_what_opens_is_for_its_owner_only()
    {
        _sample.Commitment.Save(_sample.At("a"));
        Assert.Contains("there already", Assert.Throws<IOException>(() => _sample.Commitment.Save(_sample.At("a"))).Message, StringComparison.Ordinal);
        _sample.Opening.Save(_sample.At("b"));
        Assert.Contains("there already", Assert.Throws<IOException>(() => _sample.Opening.Save(_sample.At("b"))).Message, StringComparison.Ordinal);
        using ECDsa key = SigningKeys.LoadOrCreate(_sample.At("key.pem"), out bool made);
        using ECDsa again = SigningKeys.LoadOrCreate(_sample.At("key.pem"), out bool madeAgain);
        Assert.Equal((true, false), (made, madeAgain));
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), again.ExportSubjectPublicKeyInfo());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_sample.At("b")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_sample.At("key.pem")));
        }
    }

    [Fact]
    public void Keys_that_cannot_sign_are_refused()
    {
        using ECDsa large = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using RSA rsa = RSA.Create(2048);
        foreach (string pem in new[] { large.ExportPkcs8PrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), _sample.Signer.ExportSubjectPublicKeyInfoPem(), "nonsense" })
        {
            File.WriteAllText(_sample.At("key.pem"), pem);
            Assert.Equal(OwnershipFileFault.Unreadable, Assert.Throws<OwnershipFileException>(() => SigningKeys.Load(_sample.At("key.pem"))).Fault);
        }

        Assert.Throws<ArgumentException>(() => OwnershipCommitment.Create(_sample.Key, OwnershipSample.Terms(), large));
        Assert.Throws<ArgumentException>(() => OwnershipCommitment.Create(_sample.Key, OwnershipSample.Terms() with { Marks = [] }, _sample.Signer));
        Assert.Throws<ArgumentException>(() => OwnershipCommitment.Create(_sample.Key, OwnershipSample.Terms() with { ModelDigest = "ABC" }, _sample.Signer));
        Assert.Throws<ArgumentException>(() => OwnershipCommitment.Create(_sample.Key, OwnershipSample.Terms(TimeSpan.Zero), _sample.Signer));
    }

    /// <summary>The commitment with another value, signed anew.</summary>
    private OwnershipCommitment Signed(string member, JsonNode? value)
    {
        JsonNode file = JsonNode.Parse(_sample.Commitment.File)!;
        file["commitment"]![member] = value;
        byte[] signature = _sample.Signer.SignData(CanonicalJson.Write(file["commitment"]!), HashAlgorithmName.SHA256);
        file["signature"]!["value"] = Convert.ToBase64String(signature);
        return OwnershipCommitment.Parse(CanonicalJson.Write(file), "'x'");
    }
}
