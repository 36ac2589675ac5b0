using System.Buffers.Binary;
using System.Numerics;

namespace InferenceShield;

/// <summary>Remembers the latest queries of all callers and tells whether a new one is nearly one of them.</summary>
/// <remarks>
/// <para>Blacklight's scheme (Li et al., USENIX Security 2022): quantise, hash every window under a secret, keep the 50
/// largest distinct hashes, and call two inputs near-duplicates that share 25 of them. It sees attacks that walk around one
/// input (boundary and line search, gradient estimation, averaging over augmented copies) from their second query on,
/// whoever sends it; it does not see knockoff queries, which are all different.</para>
/// <para>What it tells is exact, as long as a fingerprint's hashes have not been pushed out (see
/// <see cref="NearDuplicateOptions.Capacity"/>); after that the overlap can only come out too small. Windows that
/// more than four of the remembered inputs share count for the four latest.</para>
/// <para>Thread-safe without a lock; two queries under way at the same time may miss each other. Memory is fixed, and allocated by
/// the constructor; a call allocates nothing after a thread's first. Raw inputs are not kept.</para>
/// </remarks>
public sealed class NearDuplicateIndex
{
    private readonly Fingerprinter _fingerprinter;
    private readonly FingerprintTable _table;
    private readonly int _hashes;
    private readonly int _matchOverlap;

    /// <summary>Makes an empty index.</summary>
    /// <param name="secret">Read once; the same secret and options make the same fingerprints.</param>
    /// <param name="options">Read once; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it.</exception>
    public NearDuplicateIndex(ShieldSecret secret, NearDuplicateOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(secret);
        options ??= new NearDuplicateOptions();
        NearDuplicateOptionsValidator.Check(options);
        _fingerprinter = new Fingerprinter(secret, options);
        _hashes = options.Hashes;
        _matchOverlap = options.MatchOverlap;
        Span<byte> factor = stackalloc byte[sizeof(ulong)];
        secret.DeriveKey("fingerprint/buckets", factor);
        int capacity = (int)BitOperations.RoundUpToPowerOf2((uint)options.Capacity);
        _table = new FingerprintTable(capacity, options.Hashes, BinaryPrimitives.ReadUInt64LittleEndian(factor));
    }

    /// <summary>What inputs are made of.</summary>
    public InputKind Kind => _fingerprinter.Kind;

    /// <summary>Queries that can be remembered.</summary>
    public int Capacity => _table.Capacity;

    /// <summary>Queries remembered at the moment.</summary>
    public int Count => (int)Math.Min(_table.Latest, _table.Capacity);

    /// <summary>What the index takes, in bytes; fixed.</summary>
    public long MemoryBytes => _table.MemoryBytes;

    /// <summary>Compares an image with those remembered, then remembers it.</summary>
    /// <param name="image">Pixels 0 to 255, channels in any fixed order. Empty inputs match nothing and are not kept.</param>
    /// <param name="caller">Who asks.</param>
    /// <exception cref="InvalidOperationException">The index is for another kind of input.</exception>
    public NearDuplicateMatch Match(ReadOnlySpan<byte> image, CallerKey caller)
    {
        Require(InputKind.Image);
        return Match(_fingerprinter.Compute(image), caller.Tag);
    }

    /// <summary>Compares an image or a row of features with those remembered, then remembers it.</summary>
    /// <param name="values">Pixels or features. NaN is black, or a feature value of its own.</param>
    /// <param name="caller">Who asks.</param>
    /// <exception cref="InvalidOperationException">The index is for tokens.</exception>
    /// <exception cref="ArgumentException">Not as many features as spreads were given for.</exception>
    public NearDuplicateMatch Match(ReadOnlySpan<float> values, CallerKey caller)
    {
        if (Kind == InputKind.Tokens)
        {
            Require(InputKind.Tabular);
        }

        if (Kind == InputKind.Tabular && _fingerprinter.Features is int features and > 0 && features != values.Length)
        {
            throw new ArgumentException($"The row has {values.Length} features; FeatureSpreads has {features}.", nameof(values));
        }

        return Match(_fingerprinter.Compute(values), caller.Tag);
    }

    /// <summary>Compares a sequence of tokens with those remembered, then remembers it.</summary>
    /// <param name="tokens">Token ids.</param>
    /// <param name="caller">Who asks.</param>
    /// <exception cref="InvalidOperationException">The index is for another kind of input.</exception>
    public NearDuplicateMatch Match(ReadOnlySpan<int> tokens, CallerKey caller)
    {
        Require(InputKind.Tokens);
        return Match(_fingerprinter.Compute(tokens), caller.Tag);
    }

    /// <summary>Compares a sequence of tokens with those remembered, then remembers it.</summary>
    /// <param name="tokens">Token ids; the same as for the same numbers as <see cref="int"/>.</param>
    /// <param name="caller">Who asks.</param>
    /// <exception cref="InvalidOperationException">The index is for another kind of input.</exception>
    public NearDuplicateMatch Match(ReadOnlySpan<long> tokens, CallerKey caller)
    {
        Require(InputKind.Tokens);
        return Match(_fingerprinter.Compute(tokens), caller.Tag);
    }

    internal NearDuplicateMatch Match(ReadOnlySpan<ulong> fingerprint, uint callerTag)
    {
        if (fingerprint.IsEmpty)
        {
            return default;
        }

        FingerprintVotes votes = FingerprintScratch.ForThisThread.Votes;
        votes.Clear();
        uint latest = (uint)_table.Latest;
        _table.Find(fingerprint, latest, votes);
        NearDuplicateMatch match = Choose(votes, latest, fingerprint.Length, callerTag);
        _table.Add(fingerprint, _table.Claim(fingerprint.Length, callerTag));
        return match;
    }

    /// <summary>The most votes; of equals the youngest.</summary>
    private NearDuplicateMatch Choose(FingerprintVotes votes, uint latest, int hashes, uint callerTag)
    {
        int overlap = 0;
        uint age = uint.MaxValue;
        int otherHashes = 0;
        uint otherCaller = 0;
        for (int i = 0; i < votes.Count; i++)
        {
            (uint id, int count) = votes[i];
            if ((count > overlap || (count == overlap && latest - id < age)) && _table.TryRead(id, out int held, out uint caller))
            {
                (overlap, age, otherHashes, otherCaller) = (count, latest - id, held, caller);
            }
        }

        return overlap == 0
            ? new NearDuplicateMatch(hashes, 0, isMatch: false, sameCaller: false, 0, 0)
            : new NearDuplicateMatch(
                hashes, overlap, overlap * _hashes >= Math.Max(hashes, otherHashes) * _matchOverlap, otherCaller == callerTag, otherCaller, (long)age + 1);
    }

    private void Require(InputKind kind)
    {
        if (Kind != kind)
        {
            throw new InvalidOperationException($"This index is for inputs of kind {Kind}, not {kind}. Set NearDuplicateOptions.Kind.");
        }
    }
}
