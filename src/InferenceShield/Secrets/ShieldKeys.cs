using System.Buffers.Binary;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The subkeys of one shield, each derived for one purpose.</summary>
/// <remarks>Caller and input keys are the same for every model under one secret, so that callers can be followed across
/// models; answer keys differ per model, so that nothing learned of one model's noise tells of another's.</remarks>
internal sealed class ShieldKeys
{
    public ShieldKeys(ShieldSecret secret, string model)
    {
        KeyId = secret.KeyId;
        ReleaseFiles = ReleaseFileKey.Of(secret);
        Detection = DetectionKey.Of(secret, model);
        Span<byte> key = stackalloc byte[SipHashKey.Size];
        secret.DeriveKey("caller", key);
        Caller = new SipHashKey(key);
        secret.DeriveKey("input", key);
        Digester = new InputDigester(BinaryPrimitives.ReadInt64LittleEndian(key));
        secret.DeriveKey("input-schema", key);
        InputSchemas = new SipHashKey(key);
        Span<byte> noise = stackalloc byte[NoiseKey.Size];
        secret.DeriveKey("noise/" + model, noise);
        Noise = new NoiseKey(noise);
        CryptographicOperations.ZeroMemory(noise);
        secret.DeriveKey("dither/" + model, key);
        Dither = new SipHashKey(key);
        secret.DeriveKey("embedding/" + model, key);
        Embeddings = new SipHashKey(key);
        Transforms = new TenantTransforms(secret, model);
        secret.DeriveKey("labels/" + model, key);
        Labels = new SipHashKey(key);
        secret.DeriveKey("sketch/" + model, key);
        Sketches = new SketchKey(key);
        secret.DeriveKey("answers/" + model, key);
        Answers = new SipHashKey(key);
        secret.DeriveKey("trial/" + model, key);
        Trial = new SipHashKey(key);
        secret.DeriveKey("posture-delay/" + model, key);
        PostureDelays = new SipHashKey(key);
        CryptographicOperations.ZeroMemory(key);
        Marks = MarkKey.Of(secret, model);
        Evidence = EvidenceKey.Of(secret, model);
    }

    public string KeyId { get; }

    public SipHashKey Caller { get; private set; }

    public InputDigester Digester { get; private set; }

    public SipHashKey InputSchemas { get; private set; }

    public NoiseKey Noise { get; }

    /// <summary>Of the quantisation of regression values.</summary>
    public SipHashKey Dither { get; private set; }

    /// <summary>Of the noise of embeddings.</summary>
    public SipHashKey Embeddings { get; private set; }

    /// <summary>The tenants' transforms of embeddings.</summary>
    public TenantTransforms Transforms { get; }

    /// <summary>Which labels share a bucket of a histogram.</summary>
    public SipHashKey Labels { get; private set; }

    /// <summary>For the sketches kept of this model's callers.</summary>
    public SketchKey Sketches { get; }

    /// <summary>For the digests under which released answers are kept.</summary>
    public SipHashKey Answers { get; private set; }

    /// <summary>For which callers are in a trial.</summary>
    public SipHashKey Trial { get; private set; }

    /// <summary>How long a posture waits before it changes.</summary>
    public SipHashKey PostureDelays { get; private set; }

    /// <summary>Authenticates files with learned releases.</summary>
    public ReleaseFileKey ReleaseFiles { get; }

    /// <summary>Authenticates calibrations and logs, and gives pseudonyms.</summary>
    public DetectionKey Detection { get; }

    /// <summary>Places watermarks.</summary>
    public MarkKey Marks { get; }

    /// <summary>Encrypts the list of marked queries.</summary>
    public EvidenceKey Evidence { get; }

    public void Clear()
    {
        Marks.Dispose();
        Evidence.Dispose();
        ReleaseFiles.Dispose();
        Detection.Dispose();
        Caller = default;
        Digester = default;
        InputSchemas = default;
        Noise.Clear();
        Dither = default;
        Embeddings = default;
        Transforms.Clear();
        Labels = default;
        Sketches.Clear();
        Answers = default;
        PostureDelays = default;
        Trial = default;
    }
}
