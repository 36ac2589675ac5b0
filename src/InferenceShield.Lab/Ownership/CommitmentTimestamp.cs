using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace InferenceShield.Lab;

/// <summary>A timestamp authority's word that a commitment, or the digest of a list of marked queries, existed at a time (RFC 3161).</summary>
/// <remarks>
/// <para>The request goes to an authority by whatever way one has, such as <c>curl -H "Content-Type: application/timestamp-query"
/// --data-binary @NAME.tsq URL -o response.tsr</c>; nothing here uses the network. It stamps the SHA-256 of the file.</para>
/// <para>Checked are the answer's status, that it stamps this digest under the request's nonce, the signature, that the signer's certificate is
/// for timestamps and was valid at that time, and, where roots are given, its chain to one of them. Revocation is not asked for: that needs the
/// network. Immutable and thread-safe.</para>
/// </remarks>
public sealed class CommitmentTimestamp
{
    internal const int MostBytes = 1 << 18;

    private const string TimestampingUsage = "1.3.6.1.5.5.7.3.8";

    private CommitmentTimestamp(DateTimeOffset time, string authority, string? root)
    {
        Time = time;
        Authority = authority;
        Root = root;
    }

    /// <summary>When the file was there, in UTC, as the authority says.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The subject of the authority's certificate.</summary>
    public string Authority { get; }

    /// <summary>The subject of the root that its chain ends at; null if no roots were given, so that anybody may have signed.</summary>
    public string? Root { get; }

    /// <summary>Makes the request for an authority, with a nonce and asking for its certificates.</summary>
    /// <param name="commitment">What is to be stamped.</param>
    /// <returns>The bytes of a .tsq file. Keep it: the answer is checked against its nonce.</returns>
    public static byte[] CreateRequest(OwnershipCommitment commitment)
    {
        ArgumentNullException.ThrowIfNull(commitment);
        return CreateRequest(commitment.File);
    }

    /// <summary>Makes the request for an authority, with a nonce and asking for its certificates.</summary>
    /// <param name="digest">What is to be stamped.</param>
    /// <returns>The bytes of a .tsq file. Keep it: the answer is checked against its nonce.</returns>
    public static byte[] CreateRequest(EvidenceDigest digest)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return CreateRequest(digest.File);
    }

    /// <summary>Verifies an authority's answer.</summary>
    /// <param name="commitment">What was to be stamped.</param>
    /// <param name="request">The bytes of the .tsq file.</param>
    /// <param name="response">The bytes of the .tsr file.</param>
    /// <param name="roots">Certificates that are trusted to be authorities' roots; null not to check the chain.</param>
    /// <exception cref="OwnershipFileException">It is not one of this commitment, or cannot be relied on; the message says why.</exception>
    public static CommitmentTimestamp Verify(OwnershipCommitment commitment, ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> response, X509Certificate2Collection? roots = null)
    {
        ArgumentNullException.ThrowIfNull(commitment);
        return Verify(commitment.File, $"commitment {commitment.Id}", request, response, roots);
    }

    /// <summary>Verifies an authority's answer.</summary>
    /// <param name="digest">What was to be stamped.</param>
    /// <param name="request">The bytes of the .tsq file.</param>
    /// <param name="response">The bytes of the .tsr file.</param>
    /// <param name="roots">Certificates that are trusted to be authorities' roots; null not to check the chain.</param>
    /// <exception cref="OwnershipFileException">It is not one of this digest, or cannot be relied on; the message says why.</exception>
    public static CommitmentTimestamp Verify(EvidenceDigest digest, ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> response, X509Certificate2Collection? roots = null)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return Verify(digest.File, $"the evidence digest {digest.Id}", request, response, roots);
    }

    /// <summary>Reads certificates that are trusted as roots.</summary>
    /// <param name="path">PEM with one or more certificates, or one in DER.</param>
    /// <exception cref="OwnershipFileException">There is none in it.</exception>
    public static X509Certificate2Collection LoadRoots(string path)
    {
        byte[] bytes = OwnershipFiles.Read(path, MostBytes);
        X509Certificate2Collection roots = [];
        try
        {
            roots.ImportFromPem(System.Text.Encoding.UTF8.GetString(bytes));
            if (roots.Count == 0)
            {
                roots.Add(X509CertificateLoader.LoadCertificate(bytes));
            }

            return roots;
        }
        catch (CryptographicException exception)
        {
            throw Fault($"'{path}' holds no certificate, in PEM or DER. Take the root certificate that the authority publishes.", exception);
        }
    }

    /// <summary>The request that lies beside an answer.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    internal static byte[] ReadRequest(string path) =>
        OwnershipFiles.Read(path, MostBytes, "It is the request that was written with what is stamped, and the authority's answer (.tsr) is checked against it: put it back beside that.");

    /// <summary>Time and authority, and how far its chain was checked.</summary>
    public override string ToString() => $"{OwnershipFiles.TextOf(Time)} by {Authority}: signature valid, " + (Root is null
        ? "chain not checked (give the authority's root to check it)"
        : $"chain valid to {Root}, revocation not asked");

    private static byte[] CreateRequest(ReadOnlySpan<byte> file)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(16);
        nonce[0] = (byte)((nonce[0] & 0x3f) | 0x40); // a positive integer of 16 bytes: some authorities drop leading zeros
        return Rfc3161TimestampRequest.CreateFromHash(
            SHA256.HashData(file), HashAlgorithmName.SHA256, requestedPolicyId: null, nonce, requestSignerCertificates: true).Encode();
    }

    private static CommitmentTimestamp Verify(ReadOnlySpan<byte> file, string what, ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> response, X509Certificate2Collection? roots)
    {
        byte[] digest = SHA256.HashData(file);
        if (!Rfc3161TimestampRequest.TryDecode(request, out Rfc3161TimestampRequest? asked, out int read) || read != request.Length)
        {
            throw Fault($"The request (.tsq) is no timestamp request of RFC 3161. Take the file that was written with {what}.");
        }

        if (!asked.GetMessageHash().Span.SequenceEqual(digest) || asked.HashAlgorithmId.Value != "2.16.840.1.101.3.4.2.1" || asked.GetNonce() is null)
        {
            throw Fault($"The request (.tsq) is not for {what}. Take the file that was written with it.");
        }

        Rfc3161TimestampToken token = Read(response);
        if (!token.TokenInfo.GetMessageHash().Span.SequenceEqual(digest) || token.TokenInfo.GetNonce() is not { } nonce || !nonce.Span.SequenceEqual(asked.GetNonce()!.Value.Span))
        {
            throw Fault($"The response (.tsr) stamps another digest or carries another nonce: it answers another request than this one for {what}. Give the answer to this .tsq.");
        }

        DateTimeOffset time = token.TokenInfo.Timestamp.ToUniversalTime();
        X509Certificate2Collection given = token.AsSignedCms().Certificates;
        using X509Certificate2 signer = Verify(token, digest, asked, response);
        return new CommitmentTimestamp(time, signer.Subject, roots is null ? null : FindRoot(signer, given, roots, time));
    }

    /// <summary>TimeStampResp ::= SEQUENCE { status, token }, RFC 3161, 2.4.2. The system's own reader tells only that something is wrong.</summary>
    private static Rfc3161TimestampToken Read(ReadOnlyMemory<byte> response)
    {
        try
        {
            AsnReader reader = new(response, AsnEncodingRules.BER);
            AsnReader parts = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            if (!parts.ReadSequence().TryReadInt32(out int status) || status > 1 || !parts.HasData)
            {
                throw Fault("The authority refused: its response (.tsr) carries no timestamp. Ask again with the .tsq, or another authority.");
            }

            ReadOnlyMemory<byte> encoded = parts.ReadEncodedValue();
            return !parts.HasData && Rfc3161TimestampToken.TryDecode(encoded, out Rfc3161TimestampToken? token, out int read) && read == encoded.Length
                ? token
                : throw Explain(encoded.Span);
        }
        catch (Exception exception) when (exception is AsnContentException or CryptographicException)
        {
            throw Fault("The response (.tsr) is no answer of RFC 3161, or is cut short. Give the file as the authority sent it.", exception);
        }
    }

    /// <summary>Why the system's reader takes no token of it: most often the certificate, which it looks at before all else.</summary>
    private static OwnershipFileException Explain(ReadOnlySpan<byte> encoded)
    {
        SignedCms cms = new();
        cms.Decode(encoded);
        if (cms.Certificates.Count == 1 && Rfc3161TimestampTokenInfo.TryDecode(cms.ContentInfo.Content, out Rfc3161TimestampTokenInfo? info, out _))
        {
            X509Certificate2 signer = cms.Certificates[0];
            if (info.Timestamp < signer.NotBefore || info.Timestamp > signer.NotAfter)
            {
                return Fault($"The certificate of the authority '{signer.Subject}' holds from {OwnershipFiles.TextOf(signer.NotBefore)} to {OwnershipFiles.TextOf(signer.NotAfter)}, the timestamp says {OwnershipFiles.TextOf(info.Timestamp)}. Ask another authority.");
            }

            if (!signer.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(static usage => usage.EnhancedKeyUsages[TimestampingUsage] is not null))
            {
                return Fault($"The certificate '{signer.Subject}' is not one for timestamps. Ask an authority.");
            }
        }

        return Fault("The response (.tsr) holds no timestamp of RFC 3161 with a signature that fits. Give the file as the authority sent it.");
    }

    private static X509Certificate2 Verify(Rfc3161TimestampToken token, byte[] digest, Rfc3161TimestampRequest asked, ReadOnlyMemory<byte> response)
    {
        try
        {
            if (!token.VerifySignatureForHash(digest, HashAlgorithmName.SHA256, out X509Certificate2? signer))
            {
                throw Fault("The timestamp's signature does not fit: the response (.tsr) was altered, or holds no certificate of the authority. Give the file as the authority sent it.");
            }

            asked.ProcessResponse(response, out _); // what else the standard asks of an answer
            return signer;
        }
        catch (CryptographicException exception)
        {
            throw Fault("The timestamp's signature cannot be verified: the response (.tsr) was altered, or is of a kind that this system does not know.", exception);
        }
    }

    private static string FindRoot(X509Certificate2 signer, X509Certificate2Collection given, X509Certificate2Collection roots, DateTimeOffset time)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(given);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = time.UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(TimestampingUsage));
        if (!chain.Build(signer))
        {
            string why = string.Join(" ", chain.ChainStatus.Select(static status => status.StatusInformation.Trim().TrimEnd('.') + ".").Distinct());
            throw Fault($"The certificate of the authority '{signer.Subject}' has no valid chain to the roots given: {why} Give the root that this authority publishes.");
        }

        return chain.ChainElements[^1].Certificate.Subject;
    }

    private static OwnershipFileException Fault(string message, Exception? inner = null) => new(OwnershipFileFault.Timestamp, message, inner);
}
