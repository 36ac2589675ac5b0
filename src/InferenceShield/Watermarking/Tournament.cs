using System.Numerics;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>A keyed tournament that decides which of the likely tokens is sampled.</summary>
/// <remarks>
/// <para>Dathathri et al., "Scalable watermarking for identifying large language model outputs" (Nature 2024): SynthID-Text with two
/// leaves. In round l each token has a keyed bit g, and p becomes p (1 + g - sum of g p). Over keys, a token's chance stays what it is.
/// Theirs draws bits from a linear generator; here they are bits of AES-128 under the hash of the tokens before.</para>
/// <para>Played between <see cref="LeadingTokens"/>, among which the mass they have together stays.</para>
/// </remarks>
internal sealed class Tournament
{
    /// <summary>What a token that has lost everything keeps of its share, so that its logit stays finite.</summary>
    private const double LeastRatio = 1e-30;

    /// <summary>Steps of a text's score times scores of a token that are counted through: a millisecond or two.</summary>
    private const long MostWork = 1 << 20;

    private readonly SipHashKey _contextKey;
    private readonly TokenDraws _draws;

    /// <summary>At each score of a token, in steps, how many of its draws give it.</summary>
    private readonly double[] _ways;

    public Tournament(MarkKey key, TournamentMarkOptions options)
    {
        Span<byte> bytes = stackalloc byte[SipHashKey.Size + Aes128.KeySize];
        key.Derive("tournament", bytes);
        _contextKey = new SipHashKey(bytes[..SipHashKey.Size]);
        _draws = new TokenDraws(bytes[SipHashKey.Size..]);
        CryptographicOperations.ZeroMemory(bytes);
        Layers = options.Layers;
        Context = options.Context;
        int[] steps = MakeSteps(Layers);
        _ways = CountWays(steps);
        Weights = [.. steps.Select(step => step / (double)steps.Sum())];
    }

    /// <summary>Rounds.</summary>
    public int Layers { get; }

    /// <summary>Tokens before that bits are a function of.</summary>
    public int Context { get; }

    /// <summary>Of the rounds, in a token's score; of sum 1. From 10 down to 1 in the paper, for the first rounds tell most.</summary>
    public double[] Weights { get; }

    /// <summary>Plays between a few tokens.</summary>
    /// <param name="context">The last <see cref="Context"/> tokens.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="logits">Theirs.</param>
    /// <param name="largest">The largest of them.</param>
    public void MarkLeading(ReadOnlySpan<int> context, ReadOnlySpan<int> tokens, Span<float> logits, float largest)
    {
        Span<uint> draws = stackalloc uint[LeadingTokens.Most];
        _draws.Fill(TokenContext.Hash(_contextKey, context), tokens, draws);
        Span<float> clean = stackalloc float[LeadingTokens.Most];
        Span<float> shares = stackalloc float[LeadingTokens.Most];
        double sum = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            clean[i] = (float)RowExponentials.Of((double)logits[i] - largest);
            sum += clean[i];
        }

        float inverse = (float)(1 / sum);
        for (int i = 0; i < tokens.Length; i++)
        {
            clean[i] *= inverse;
        }

        int places = (tokens.Length + TournamentRounds.Lanes - 1) & -TournamentRounds.Lanes;
        clean[tokens.Length..places].Clear();
        draws[tokens.Length..places].Clear();
        clean[..places].CopyTo(shares);
        TournamentRounds.Play(shares[..places], draws, Layers);
        for (int i = 0; i < tokens.Length; i++)
        {
            logits[i] += (float)Math.Log(Math.Max((double)shares[i] / clean[i], LeastRatio));
        }
    }

    /// <summary>A token's bits: bit l is of round l.</summary>
    /// <param name="context">The last <see cref="Context"/> tokens before it.</param>
    /// <param name="token">0 or more.</param>
    /// <param name="source">What the bits are a function of besides the token.</param>
    public uint Draw(ReadOnlySpan<int> context, int token, out ulong source)
    {
        Hash128 cell = TokenContext.Hash(_contextKey, context);
        source = cell.Low;
        uint draw = 0;
        _draws.Fill(cell, [token], new Span<uint>(ref draw));
        return draw;
    }

    /// <summary>The weighted mean of a token's bits: 0 to 1.</summary>
    public double Score(uint draw)
    {
        double score = 0;
        for (int layer = 0; layer < Layers; layer++)
        {
            score += (draw >> layer & 1) * Weights[layer];
        }

        return score;
    }

    /// <summary>Whether <see cref="Tail"/> of so many tokens is exact: always of one round, of a few rounds up to some thousand tokens.</summary>
    public bool IsExact(long tokens) => tokens * (_ways.Length - 1) * _ways.Count(static ways => ways > 0) <= MostWork || Layers == 1;

    /// <summary>How often the mean score of so many tokens is as large without the key.</summary>
    /// <param name="mean">0 to 1.</param>
    /// <param name="tokens">1 or more.</param>
    /// <remarks>Exact by <see cref="CoinSumTail.Exact"/>, where that is quick. Elsewhere by the saddle-point formula, which knows no steps, of a sum that is smaller by
    /// the smallest weight. That is more than the usual correction for continuity, half of a step: near its largest, a sum moves by weights, not by steps. In all that
    /// was counted through it leaves no p too small.</remarks>
    public double Tail(double mean, long tokens)
    {
        int whole = _ways.Length - 1;
        long steps = (long)Math.Round(mean * tokens * whole);
        return Layers == 1 ? HeadsTail.Of(steps, tokens, 0.5)
            : IsExact(tokens) ? CoinSumTail.Exact(steps, tokens, _ways)
            : CoinSumTail.Of(mean - (Weights[^1] / tokens), tokens, Weights);
    }

    /// <summary>The weights as whole numbers without a common divisor.</summary>
    private static int[] MakeSteps(int layers)
    {
        int[] steps = layers == 1 ? [1] : [.. Enumerable.Range(0, layers).Select(layer => (10 * (layers - 1)) - (9 * layer))];
        int divisor = (int)steps.Aggregate(BigInteger.Zero, (found, step) => BigInteger.GreatestCommonDivisor(found, step));
        return [.. steps.Select(step => step / divisor)];
    }

    private static double[] CountWays(int[] steps)
    {
        double[] ways = new double[steps.Sum() + 1];
        ways[0] = 1;
        foreach (int step in steps)
        {
            for (int score = ways.Length - 1; score >= step; score--)
            {
                ways[score] += ways[score - step];
            }
        }

        return ways;
    }
}
