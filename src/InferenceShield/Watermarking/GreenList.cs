using System.Numerics;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>A keyed part of the vocabulary, another one in every context, whose logits are raised.</summary>
/// <remarks>
/// <para>Kirchenbauer et al., "A Watermark for Large Language Models" (ICML 2023), and for the hash of a token with itself "On the
/// Reliability of Watermarks for Large Language Models" (ICLR 2024): of the pairs of a token with each of those before and with itself
/// the one of least rank decides the colour, so that an edit nearby moves few colours. Theirs draws a permutation of the vocabulary
/// from a linear generator; here each colour is bits of AES-128, so a token's is found without the others'. The share is
/// exact in expectation, with a resolution of 1/256; how many of a vocabulary are green varies as a binomial number.</para>
/// <para>Without a token's own hash, the whole vocabulary is marked in one pass of planes of bits (<see cref="GreenBits"/>). With it,
/// <see cref="LeadingTokens"/> are: each costs a block for every token before, and others are hardly ever sampled.</para>
/// </remarks>
internal sealed class GreenList
{
    /// <summary>Shares are multiples of one by this.</summary>
    public const int Resolution = 256;

    /// <summary>Tokens that are marked at a time.</summary>
    public const int Block = 1024;

    private const int MostPlanes = 8;

    private readonly SipHashKey _contextKey;
    private readonly CounterRandom _lists;
    private readonly TokenDraws _pairs;
    private readonly int _threshold;
    private readonly int _planes;
    private readonly int _chance;

    public GreenList(MarkKey key, GreenListMarkOptions options)
    {
        Span<byte> bytes = stackalloc byte[SipHashKey.Size + CounterRandom.KeySize + Aes128.KeySize];
        key.Derive("green-list", bytes);
        _contextKey = new SipHashKey(bytes[..SipHashKey.Size]);
        _lists = new CounterRandom(bytes.Slice(SipHashKey.Size, CounterRandom.KeySize));
        _pairs = new TokenDraws(bytes[^Aes128.KeySize..]);
        CryptographicOperations.ZeroMemory(bytes);
        _threshold = Math.Clamp((int)Math.Round(options.Share * Resolution), 1, Resolution - 1);
        int zeros = BitOperations.TrailingZeroCount(_threshold);
        _planes = BitOperations.Log2(Resolution) - zeros;
        _chance = _threshold >> zeros;
        Bias = (float)options.Bias;
        IsSelfHashed = options.SelfHash;
        Context = options.Context ?? (options.SelfHash ? 3 : 1);
    }

    /// <summary>Tokens before that a colour is a function of.</summary>
    public int Context { get; }

    /// <summary>The share that is green, as it is in fact.</summary>
    public double Share => (double)_threshold / Resolution;

    public float Bias { get; }

    public bool IsSelfHashed { get; }

    /// <summary>What a list without a token's own hash is a function of.</summary>
    /// <param name="context">The last <see cref="Context"/> tokens.</param>
    public Hash128 FindCell(ReadOnlySpan<int> context) => TokenContext.Hash(_contextKey, context);

    /// <summary>Raises the green tokens of a block, of a list without a token's own hash.</summary>
    /// <param name="cell">See <see cref="FindCell"/>.</param>
    /// <param name="start">The block's first token; a multiple of <see cref="Block"/>.</param>
    /// <param name="logits">Up to <see cref="Block"/>; any.</param>
    /// <param name="marked">As many; may be the same.</param>
    public void MarkBlock(Hash128 cell, int start, ReadOnlySpan<float> logits, Span<float> marked)
    {
        Span<uint> planes = stackalloc uint[Block / GreenBits.Group * MostPlanes * GreenBits.Words];
        planes = planes[..((logits.Length + GreenBits.Group - 1) / GreenBits.Group * _planes * GreenBits.Words)];
        _lists.Fill(cell, (uint)(start / GreenBits.Group * _planes), planes);
        GreenBits.Add(logits, planes, _planes, _chance, Bias, marked);
    }

    /// <summary>Raises the green ones of a few tokens, of a list with a token's own hash.</summary>
    /// <param name="context">The last <see cref="Context"/> tokens.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="logits">Theirs.</param>
    public void MarkLeading(ReadOnlySpan<int> context, ReadOnlySpan<int> tokens, Span<float> logits)
    {
        Span<byte> colours = stackalloc byte[LeadingTokens.Most];
        _pairs.FillLeast(context, tokens, colours);
        for (int i = 0; i < tokens.Length; i++)
        {
            logits[i] += colours[i] < _threshold ? Bias : 0;
        }
    }

    /// <summary>The colour of one token.</summary>
    /// <param name="context">The last <see cref="Context"/> tokens before it.</param>
    /// <param name="token">0 or more.</param>
    /// <param name="source">What else than the token the colour is a function of: where both are the same, the colour is.</param>
    public bool IsGreen(ReadOnlySpan<int> context, int token, out ulong source)
    {
        if (IsSelfHashed)
        {
            source = (uint)_pairs.FindLeast(context, token, out ulong colour);
            return (byte)colour < _threshold;
        }

        Hash128 cell = FindCell(context);
        source = cell.Low;
        Span<uint> planes = stackalloc uint[MostPlanes * GreenBits.Words];
        planes = planes[..(_planes * GreenBits.Words)];
        _lists.Fill(cell, (uint)(token / GreenBits.Group * _planes), planes);
        return (GreenBits.Combine(planes, token % GreenBits.Group / 32, _planes, _chance) >> (token % 32) & 1) != 0;
    }
}
