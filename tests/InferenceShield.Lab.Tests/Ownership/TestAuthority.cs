using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace InferenceShield.Lab.Tests;

/// <summary>A timestamp authority that builds its answers by hand, after RFC 3161 and RFC 5816.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset s_start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public TestAuthority(string usage = "1.3.6.1.5.5.7.3.8", int days = 3650)
    {
        CertificateRequest root = new("CN=Test root", _rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Root = root.CreateSelfSigned(s_start, s_start.AddDays(7300));
        CertificateRequest request = new("CN=Test authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: true));
        using X509Certificate2 bare = request.Create(Root, s_start, s_start.AddDays(days), [1, 2, 3, 4]);
        _certificate = bare.CopyWithPrivateKey(_key);
    }

    public X509Certificate2 Root { get; }

    public void Dispose()
    {
        Root.Dispose();
        _certificate.Dispose();
        _rootKey.Dispose();
        _key.Dispose();
    }

    /// <summary>Answers a request; what is given is answered instead of what was asked.</summary>
    public byte[] Answer(byte[] request, DateTimeOffset time, byte[]? digest = null, byte[]? nonce = null, int status = 0)
    {
        Assert.True(Rfc3161TimestampRequest.TryDecode(request, out Rfc3161TimestampRequest? asked, out _));
        SignedCms cms = new(new ContentInfo(new Oid("1.2.840.113549.1.9.16.1.4"), Info(digest ?? asked.GetMessageHash().ToArray(), nonce ?? asked.GetNonce()!.Value.ToArray(), time)));
        CmsSigner signer = new(_certificate) { DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1"), IncludeOption = X509IncludeOption.EndCertOnly };
        signer.SignedAttributes.Add(new AsnEncodedData(new Oid("1.2.840.113549.1.9.16.2.47"), SigningCertificate()));
        cms.ComputeSignature(signer);
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteInteger(status);
            }

            if (status == 0)
            {
                writer.WriteEncodedValue(cms.Encode());
            }
        }

        return writer.Encode();
    }

    /// <summary>TSTInfo.</summary>
    private static byte[] Info(byte[] digest, byte[] nonce, DateTimeOffset time)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteObjectIdentifier("1.3.6.1.4.1.99999.1");
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("2.16.840.1.101.3.4.2.1");
                    writer.WriteNull();
                }

                writer.WriteOctetString(digest);
            }

            writer.WriteInteger(42);
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
            writer.WriteInteger(new BigInteger(nonce, isUnsigned: false, isBigEndian: true));
        }

        return writer.Encode();
    }

    /// <summary>SigningCertificateV2 with SHA-256, which is its default and left out.</summary>
    private byte[] SigningCertificate()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteOctetString(SHA256.HashData(_certificate.RawData));
        }

        return writer.Encode();
    }
}
