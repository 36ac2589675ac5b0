using System.Buffers.Binary;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Turns an input into its fingerprint: the N largest distinct keyed hashes of its windows.</summary>
/// <remarks>
/// <para>Li, Shan, Wenger, Zhang, Zheng and Zhao, "Blacklight: Scalable Defense for Neural Networks against
/// Query-Based Black-Box Attacks" (USENIX Security 2022), with two changes. The hash is <see cref="WindowHashKey"/>
/// instead of SHA-256. And the secret salt moves the boundaries of quantisation, each pixel's by its own offset of
/// 0 to 4/5 of a step, instead of adding 0 to 255 modulo 255: with the published salt a white or black background
/// becomes a texture that all images share, and 9 to 12 % of unrelated Fashion-MNIST images matched one another.
/// The offsets repeat every <see cref="WindowHash.BlockSize"/> pixels.</para>
/// <para>Immutable and thread-safe; allocates nothing after a thread's first call.</para>
/// </remarks>
internal sealed partial class Fingerprinter
{
    /// <summary>Hashes expected above the first floor, as a multiple of those wanted: five standard deviations more.</summary>
    private const int Surplus = 2;

    /// <summary>Fewer hashes than these say too little about how many distinct ones there are.</summary>
    private const int LeastSample = 8;

    /// <summary>A feature that is not a number gets a symbol of its own; finite ones stay far below it.</summary>
    private const long NotANumber = long.MaxValue;

    private readonly WindowHashKey _key;
    private readonly byte[] _offsets;
    private readonly float[] _featureOffsets;
    private readonly float[] _featureScales;
    private readonly int _window;
    private readonly int _stride;
    private readonly int _hashes;
    private readonly PixelStep _pixelStep;
    private readonly float _imageMinimum;
    private readonly float _imageScale;
    private readonly bool _isTwenty;

    public Fingerprinter(ShieldSecret secret, NearDuplicateOptions options)
    {
        Kind = options.Kind;
        _window = options.WindowLength ?? DefaultWindow(Kind);
        _stride = options.Stride;
        _hashes = options.Hashes;
        int pixelStep = Kind == InputKind.Image ? (int)(options.QuantizationStep ?? 50) : 50;
        _pixelStep = new PixelStep(pixelStep);
        _imageMinimum = options.ImageMinimum;
        _imageScale = 255 / (options.ImageMaximum - options.ImageMinimum);
        double featureStep = options.QuantizationStep ?? 0.5;
        _featureScales = [.. options.FeatureSpreads.Select(spread => (float)(1 / (spread * featureStep)))];
        FeatureScale = (float)(1 / featureStep);

        int symbolBits = Kind == InputKind.Image
            ? Math.Max(WindowHash.TwentySymbolBits, 32 - int.LeadingZeroCount(255 / pixelStep))
            : 64;
        Span<byte> key = stackalloc byte[WindowHashKey.SizeInBytes];
        secret.DeriveKey("fingerprint/windows", key);
        _key = new WindowHashKey(key, symbolBits, _window);
        CryptographicOperations.ZeroMemory(key);
        _isTwenty = Kind == InputKind.Image && _window == WindowHash.Twenty && symbolBits == WindowHash.TwentySymbolBits;

        // The offsets wrap around once, so that a block's windows may run over its end.
        byte[] salt = new byte[WindowHash.BlockSize * sizeof(uint)];
        secret.DeriveKey("fingerprint/offsets", salt);
        _offsets = new byte[WindowHash.BlockSize + FingerprintScratch.LongestWindow];
        _featureOffsets = new float[WindowHash.BlockSize];
        for (int i = 0; i < _offsets.Length; i++)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(salt.AsSpan(i % WindowHash.BlockSize * sizeof(uint)));
            _offsets[i] = (byte)((word * (ulong)((pixelStep * 4 / 5) + 1)) >> 32);
            _featureOffsets[i % WindowHash.BlockSize] = (word >> 8) * (1f / (1 << 24));
        }

        CryptographicOperations.ZeroMemory(salt);
    }

    public InputKind Kind { get; }

    /// <summary>Features of a row, or 0 if rows may have any number.</summary>
    public int Features => _featureScales.Length;

    private float FeatureScale { get; }

    public static int DefaultWindow(InputKind kind) => kind switch
    {
        InputKind.Image => WindowHash.Twenty,
        InputKind.Tabular => 2,
        _ => 8,
    };

    /// <summary>The fingerprint of an image of bytes, in <see cref="FingerprintScratch.Fingerprint"/>.</summary>
    public ReadOnlySpan<ulong> Compute(ReadOnlySpan<byte> image) => Compute(new ByteImage(image), image.Length);

    /// <summary>The fingerprint of an image of floats or of a row of features.</summary>
    public ReadOnlySpan<ulong> Compute(ReadOnlySpan<float> values) => Kind == InputKind.Image
        ? Compute(new SingleImage(values), values.Length)
        : Compute(new FeatureRow(values), values.Length);

    /// <summary>The fingerprint of a sequence of tokens.</summary>
    public ReadOnlySpan<ulong> Compute(ReadOnlySpan<int> tokens) => Compute(new Int32Tokens(tokens), tokens.Length);

    /// <summary>The fingerprint of a sequence of tokens; the same as for the same numbers as <see cref="int"/>.</summary>
    public ReadOnlySpan<ulong> Compute(ReadOnlySpan<long> tokens) => Compute(new Int64Tokens(tokens), tokens.Length);

    private ReadOnlySpan<ulong> Compute<TInput>(TInput input, int length)
        where TInput : struct, IFingerprintInput, allows ref struct
    {
        if (length == 0)
        {
            return default;
        }

        // An input shorter than a window is one window. A row of features is a ring: each is in as many windows.
        int window = Math.Min(_window, length);
        int windows = TInput.IsRing ? length : length - window + 1;
        FingerprintScratch scratch = FingerprintScratch.ForThisThread;
        LargestHashes largest = scratch.Largest;

        // Of evenly spread hashes, twice as many as wanted reach this floor, so nearly all are dropped at sight.
        int strided = (windows + _stride - 1) / _stride;
        double share = Surplus * _hashes / (double)strided;
        largest.Reset(_hashes, FloorFor(share));
        Collect(input, windows, window, scratch);
        if (largest.Count < _hashes && largest.Floor != 0)
        {
            // Few distinct windows. Those that were found tell how many there are, and where the floor belongs.
            share = largest.Count < LeastSample ? 1 : share * Surplus * _hashes * 1.25 / largest.Count;
            largest.Reset(_hashes, FloorFor(share));
            Collect(input, windows, window, scratch);
            if (largest.Count < _hashes && largest.Floor != 0)
            {
                largest.Reset(_hashes, 0);
                Collect(input, windows, window, scratch);
            }
        }

        int count = largest.CopyTo(scratch.Fingerprint);
        return scratch.Fingerprint.AsSpan(0, count);
    }

    /// <summary>The floor that this share of evenly spread hashes reaches; 0 where it is most of them.</summary>
    private static ulong FloorFor(double share) => share < 0.5 ? ulong.MaxValue - (ulong)(share * ulong.MaxValue) : 0;

    private void Collect<TInput>(TInput input, int windows, int window, FingerprintScratch scratch)
        where TInput : struct, IFingerprintInput, allows ref struct
    {
        for (int first = 0; first < windows; first += WindowHash.BlockSize)
        {
            int count = Math.Min(WindowHash.BlockSize, windows - first);
            scratch.SwapHashes();
            ulong[] hashes = scratch.Hashes;
            input.Hash(this, first, count, window, scratch);
            int hashed = count;
            ReadOnlySpan<ulong> earlier = default;
            if (_stride != 1)
            {
                hashed = Thin(hashes.AsSpan(1, count), first);
                hashes[0] = ~hashes[1];
            }
            else if (first == 0)
            {
                hashes[0] = ~hashes[1];
            }
            else
            {
                // The filter drops what repeats the hash before it or the one a block before: both have been collected.
                hashes[0] = scratch.EarlierHashes[WindowHash.BlockSize];
                earlier = scratch.EarlierHashes.AsSpan(1, count);
            }

            int kept = HashFilter.Filter(hashes.AsSpan(0, hashed + 1), earlier, scratch.Largest.Floor, scratch.Kept);
            scratch.Largest.Add(scratch.Kept.AsSpan(0, kept));
        }
    }

    /// <summary>Keeps the windows whose number is a multiple of the stride.</summary>
    private int Thin(Span<ulong> hashes, int first)
    {
        int count = 0;
        for (int i = (_stride - (first % _stride)) % _stride; i < hashes.Length; i += _stride)
        {
            hashes[count++] = hashes[i];
        }

        return count;
    }
}
