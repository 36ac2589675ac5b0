using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Random bits that are a function of key, token and what came before: AES-128, a block for each.</summary>
/// <remarks>Blocks of different tokens are independent, so that several are in flight at once.</remarks>
internal readonly struct TokenDraws
{
    private readonly Aes128 _cipher;

    public TokenDraws(ReadOnlySpan<byte> key) => _cipher = new Aes128(key);

    /// <summary>The bits of tokens in one context.</summary>
    /// <param name="cell">Of the context; its low 96 bits count.</param>
    /// <param name="tokens">Any.</param>
    /// <param name="draws">As many: 32 bits for each.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Fill(Hash128 cell, ReadOnlySpan<int> tokens, Span<uint> draws)
    {
        draws = draws[..tokens.Length];
        for (int i = 0; i < tokens.Length; i++)
        {
            draws[i] = _cipher.Encrypt(Vector128.Create(cell.Low, (uint)cell.High | ((ulong)(uint)tokens[i] << 32)).AsByte()).AsUInt32().ToScalar();
        }
    }

    /// <summary>Of the pairs of a token with those before and with itself, the one whose keyed rank is least.</summary>
    /// <param name="context">Tokens before.</param>
    /// <param name="token">The token.</param>
    /// <param name="colour">Bits of that pair, independent of its rank.</param>
    /// <returns>The other token of the pair; <paramref name="token"/> for itself.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindLeast(ReadOnlySpan<int> context, int token, out ulong colour)
    {
        Vector128<ulong> pair = Pair(token, token);
        ulong rank = pair.ToScalar();
        colour = pair.GetElement(1);
        int least = token;
        foreach (int other in context)
        {
            pair = Pair(token, other);
            bool isLess = pair.ToScalar() < rank;
            rank = isLess ? pair.ToScalar() : rank;
            colour = isLess ? pair.GetElement(1) : colour;
            least = isLess ? other : least;
        }

        return least;
    }

    /// <summary><see cref="FindLeast"/> for many tokens, of the colours only.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void FillLeast(ReadOnlySpan<int> context, ReadOnlySpan<int> tokens, Span<byte> colours)
    {
        colours = colours[..tokens.Length];
        for (int i = 0; i < tokens.Length; i++)
        {
            FindLeast(context, tokens[i], out ulong colour);
            colours[i] = (byte)colour;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector128<ulong> Pair(int token, int other) => _cipher.Encrypt(Vector128.Create((uint)token | ((ulong)(uint)other << 32), 0UL).AsByte()).AsUInt64();
}
