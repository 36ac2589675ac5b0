using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Working memory of one thread for fingerprints: about 45 KB, whatever the input's length.</summary>
internal sealed class FingerprintScratch
{
    /// <summary>The longest window: a block's windows and the symbols they share with the next one.</summary>
    public const int LongestWindow = 256;

    [ThreadStatic]
    private static FingerprintScratch? s_current;

    private readonly ushort[] _fours = new ushort[WindowHash.PartialLength + 64];
    private readonly uint[] _eights = new uint[WindowHash.PartialLength];

    public static FingerprintScratch ForThisThread => s_current ??= new FingerprintScratch();

    public byte[] Pixels { get; } = new byte[WindowHash.BlockSize + LongestWindow];

    public byte[] Symbols { get; } = new byte[Math.Max(WindowHash.SymbolsLength, WindowHash.BlockSize + LongestWindow)];

    public ulong[] WideSymbols { get; } = new ulong[WindowHash.BlockSize + LongestWindow];

    /// <summary>The hash before a block's first, then the block's.</summary>
    public ulong[] Hashes { get; private set; } = new ulong[1 + WindowHash.HashesLength];

    /// <summary>The same of the block before.</summary>
    public ulong[] EarlierHashes { get; private set; } = new ulong[1 + WindowHash.HashesLength];

    public ulong[] Kept { get; } = new ulong[WindowHash.HashesLength];

    public LargestHashes Largest { get; } = new();

    public ulong[] Fingerprint { get; } = new ulong[LargestHashes.MostWanted];

    public FingerprintVotes Votes { get; } = new();

    public PartialWindows Partial => new(_fours, _eights);

    public void SwapHashes() => (Hashes, EarlierHashes) = (EarlierHashes, Hashes);
}
