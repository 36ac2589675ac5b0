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

    private const int Chunk = 1024;

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

    /// <summary>Raises green tokens.</summary>
    /// <param name="logits">Without NaN.</param>
    /// <param name="largest">The largest; finite.</param>
    /// <param name="context">The last <see cref="Context"/> tokens.</param>
    public void Mark(Span<float> logits, float largest, ReadOnlySpan<int> context)
    {
        if (IsSelfHashed)
        {
            MarkLeading(logits, largest, context);
            return;
        }

        Hash128 cell = TokenContext.Hash(_contextKey, context);
        Span<uint> planes = stackalloc uint[Chunk / GreenBits.Group * 8 * GreenBits.Words];
        planes = planes[..(Chunk / GreenBits.Group * _planes * GreenBits.Words)];
        for (int start = 0; start < logits.Length; start += Chunk)
        {
            _lists.Fill(cell, (uint)(start / GreenBits.Group * _planes), planes);
            GreenBits.Add(logits.Slice(start, Math.Min(Chunk, logits.Length - start)), planes, _planes, _chance, Bias);
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

        Hash128 cell = TokenContext.Hash(_contextKey, context);
        source = cell.Low;
        Span<uint> planes = stackalloc uint[8 * GreenBits.Words];
        planes = planes[..(_planes * GreenBits.Words)];
        _lists.Fill(cell, (uint)(token / GreenBits.Group * _planes), planes);
        return (GreenBits.Combine(planes, token % GreenBits.Group / 32, _planes, _chance) >> (token % 32) & 1) != 0;
    }

    private void MarkLeading(Span<float> logits, float largest, ReadOnlySpan<int> context)
    {
        Span<int> tokens = stackalloc int[LeadingTokens.Most];
        tokens = tokens[..LeadingTokens.Find(logits, largest, tokens)];
        Span<byte> colours = stackalloc byte[LeadingTokens.Most];
        _pairs.FillLeast(context, tokens, colours);
        for (int i = 0; i < tokens.Length; i++)
        {
            logits[tokens[i]] += colours[i] < _threshold ? Bias : 0;
        }
    }
}
