using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace InferenceShield.Lab.Tests;

public sealed class CommitmentTimestampTests : IDisposable
{
    private static readonly DateTimeOffset s_time = OwnershipSample.Time.AddHours(1);

    private readonly OwnershipSample _sample = new();
    private readonly TestAuthority _authority = new();
    private readonly byte[] _request;

    public CommitmentTimestampTests() => _request = CommitmentTimestamp.CreateRequest(_sample.Commitment);

    public void Dispose()
    {
        _sample.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public void An_authoritys_answer_says_when_and_how_far_it_was_checked()
    {
        byte[] response = _authority.Answer(_request, s_time);
        CommitmentTimestamp unchecked_ = CommitmentTimestamp.Verify(_sample.Commitment, _request, response);
        Assert.Equal((s_time, "CN=Test authority", null), (unchecked_.Time, unchecked_.Authority, unchecked_.Root));
        Assert.Contains("2026-03-01T13:00:00Z", unchecked_.ToString(), StringComparison.Ordinal);
        Assert.Contains("chain not checked", unchecked_.ToString(), StringComparison.Ordinal);
        CommitmentTimestamp stamped = CommitmentTimestamp.Verify(_sample.Commitment, _request, response, [_authority.Root]);
        Assert.Equal("CN=Test root", stamped.Root);
        Assert.Contains("chain valid to CN=Test root", stamped.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_has_run_out_since_proves_the_time_all_the_same()
    {
        using TestAuthority authority = new(days: 440); // to the middle of March 2026
        byte[] response = authority.Answer(_request, s_time);
        Assert.Equal("CN=Test root", CommitmentTimestamp.Verify(_sample.Commitment, _request, response, [authority.Root]).Root);
    }

    [Fact]
    public void Every_request_has_a_nonce_of_its_own() => Assert.NotEqual(_request, CommitmentTimestamp.CreateRequest(_sample.Commitment));

    [Fact]
    public void Answers_to_something_else_are_refused()
    {
        byte[] digest = SHA256.HashData("another message"u8);
        byte[] nonce = [0x40, .. new byte[15]];
        using OwnershipSample other = new("letters");
        byte[] otherRequest = CommitmentTimestamp.CreateRequest(other.Commitment);
        foreach ((byte[] request, byte[] response, string expected) in new[]
        {
            (_request, _authority.Answer(_request, s_time, digest: digest), "another digest"),
            (_request, _authority.Answer(_request, s_time, nonce: nonce), "another nonce"),
            (_request, _authority.Answer(_request, s_time, status: 2), "refused"),
            (_request, [.. _authority.Answer(_request, s_time), 0], "no answer of RFC 3161"),
            (_request, [], "no answer of RFC 3161"),
            (_request, "nonsense"u8.ToArray(), "no answer of RFC 3161"),
            (otherRequest, _authority.Answer(otherRequest, s_time), "not for commitment"),
            (CommitmentTimestamp.CreateRequest(_sample.Commitment), _authority.Answer(_request, s_time), "another nonce"), // the nonce again
            ("nonsense"u8.ToArray(), _authority.Answer(_request, s_time), "no timestamp request"),
        })
        {
            RequireFault(expected, () => CommitmentTimestamp.Verify(_sample.Commitment, request, response));
        }
    }

    [Fact]
    public void Certificates_that_are_not_for_it_are_refused()
    {
        using TestAuthority short_ = new(days: 30);
        RequireFault("holds from", () => CommitmentTimestamp.Verify(_sample.Commitment, _request, short_.Answer(_request, s_time)));
        using TestAuthority server = new(usage: "1.3.6.1.5.5.7.3.1");
        RequireFault("not one for timestamps", () => CommitmentTimestamp.Verify(_sample.Commitment, _request, server.Answer(_request, s_time)));
        RequireFault("no valid chain", () => CommitmentTimestamp.Verify(_sample.Commitment, _request, _authority.Answer(_request, s_time), [short_.Root]));
        RequireFault(". Give the root that this authority publishes", () => CommitmentTimestamp.Verify(_sample.Commitment, _request, _authority.Answer(_request, s_time), [short_.Root])); // what the system says has no full stop
    }

    [Fact]
    public void Every_altered_byte_of_what_was_signed_is_found()
    {
        byte[] response = _authority.Answer(_request, s_time);
        int accepted = 0;
        for (int i = 0; i < response.Length; i++)
        {
            byte[] altered = [.. response];
            altered[i] ^= 1;
            try
            {
                CommitmentTimestamp stamped = CommitmentTimestamp.Verify(_sample.Commitment, _request, altered, [_authority.Root]);
                Assert.Equal((s_time, "CN=Test authority"), (stamped.Time, stamped.Authority)); // bits around the signed part that say nothing
                accepted++;
            }
            catch (OwnershipFileException exception)
            {
                Assert.Equal(OwnershipFileFault.Timestamp, exception.Fault);
            }
        }

        Assert.InRange(accepted, 0, 16); // the version and the list of digests that SignedData announces
    }

    [Fact]
    public void Roots_come_as_pem_or_der()
    {
        File.WriteAllText(_sample.At("root.pem"), _authority.Root.ExportCertificatePem());
        File.WriteAllBytes(_sample.At("root.der"), _authority.Root.Export(X509ContentType.Cert));
        File.WriteAllText(_sample.At("none.pem"), "nothing");
        foreach (string name in new[] { "root.pem", "root.der" })
        {
            Assert.Equal("CN=Test root", Assert.Single(CommitmentTimestamp.LoadRoots(_sample.At(name))).Subject);
        }

        RequireFault("no certificate", () => CommitmentTimestamp.LoadRoots(_sample.At("none.pem")));
    }

    private static void RequireFault(string expected, Action act)
    {
        OwnershipFileException exception = Assert.Throws<OwnershipFileException>(act);
        Assert.Equal(OwnershipFileFault.Timestamp, exception.Fault);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }
}
