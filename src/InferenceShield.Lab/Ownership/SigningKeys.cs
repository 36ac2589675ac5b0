using System.Security.Cryptography;

namespace InferenceShield.Lab;

/// <summary>Keys that sign commitments and dossiers: ECDSA on P-256 with SHA-256, signatures of 64 bytes (IEEE P1363).</summary>
internal static class SigningKeys
{
    private const string Curve = "1.2.840.10045.3.1.7"; // NIST P-256
    private const int MostBytes = 16_384;

    /// <summary>Reads a private key, PKCS#8 or SEC1 in PEM without a password; makes one (mode 600) if there is no such file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="made">Whether it was made.</param>
    public static ECDsa LoadOrCreate(string path, out bool made)
    {
        made = !File.Exists(path);
        return made ? Create(path) : Load(path);
    }

    /// <exception cref="OwnershipFileException">It is none.</exception>
    public static ECDsa Load(string path)
    {
        char[] text = System.Text.Encoding.UTF8.GetChars(OwnershipFiles.Read(path, MostBytes));
        ECDsa? key = ECDsa.Create();
        try
        {
            key.ImportFromPem(text);
            ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
            bool usable = parameters.D is not null && IsOnCurve(key);
            CryptographicOperations.ZeroMemory(parameters.D);
            ECDsa? loaded = usable ? key : null;
            key = usable ? null : key;
            return loaded ?? throw new CryptographicException();
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException or PlatformNotSupportedException)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"'{path}' is no private ECDSA key on P-256 in PEM without a password. Name a file that is not there to have a key made.", exception);
        }
        finally
        {
            key?.Dispose();
            Array.Clear(text);
        }
    }

    /// <summary>The public key as SubjectPublicKeyInfo.</summary>
    /// <exception cref="ArgumentException">The key is on another curve.</exception>
    public static byte[] PublicOf(ECDsa key) => IsOnCurve(key)
        ? key.ExportSubjectPublicKeyInfo()
        : throw new ArgumentException("The signing key has to be on the curve P-256.", nameof(key));

    /// <summary>Whether a signature of 64 bytes fits; false too if the key is none.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using ECDsa key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(publicKey, out int read);
            return read == publicKey.Length && IsOnCurve(key)
                && key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (Exception exception) when (exception is CryptographicException or PlatformNotSupportedException) // the latter for a curve nobody has
        {
            return false;
        }
    }

    private static bool IsOnCurve(ECDsa key) => key.ExportParameters(includePrivateParameters: false).Curve.Oid is { } oid && (oid.Value == Curve || oid.FriendlyName is "nistP256" or "ECDSA_P256");

    private static ECDsa Create(string path)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        OwnershipFiles.Create(path, System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"), ownerOnly: true);
        return key;
    }
}
