#pragma warning disable RS0030 // Words are filled as bytes; the cast keeps their length.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Random words that are a function of key, cell and position: AES-128 in counter mode.</summary>
/// <remarks>
/// <para>NIST SP 800-38A, section 6.5, over a stream of zeros. A block is 96 bits of cell and a 32-bit big-endian counter,
/// as in GCM, so streams of different cells never share a block. The key schedule is expanded once.</para>
/// <para>If AES is a pseudorandom permutation, the words are those of a random function up to the birthday bound. Any length
/// is the start of every longer one, and the words are the same with AES instructions and without.</para>
/// </remarks>
internal readonly struct CounterRandom
{
    public const int KeySize = Aes128.KeySize;

    /// <summary>32-bit words in a block.</summary>
    public const int WordsInBlock = 4;

    private readonly Aes128 _cipher;

    public CounterRandom(ReadOnlySpan<byte> key) => _cipher = new Aes128(key);

    /// <summary>Fills <paramref name="words"/>, of any length, with the stream of a cell.</summary>
    /// <param name="cell">Its low 96 bits count.</param>
    /// <param name="block">The block of the stream to start at.</param>
    /// <param name="words">Overwritten. The words of block b, position p are the same wherever a fill starts.</param>
    public void Fill(Hash128 cell, uint block, Span<uint> words)
    {
        Vector128<uint> counter = Vector128.Create(cell.Low, (uint)cell.High | ((ulong)block << 32)).AsUInt32();
        int whole = words.Length & -WordsInBlock;
        _cipher.EncryptCounter(counter, MemoryMarshal.AsBytes(words[..whole]));
        if (whole < words.Length)
        {
            Span<uint> last = stackalloc uint[WordsInBlock];
            uint blocks = (uint)(whole / WordsInBlock);
            _cipher.EncryptCounter(counter + Vector128.Create(0u, 0, 0, blocks), MemoryMarshal.AsBytes(last));
            last[..(words.Length - whole)].CopyTo(words[whole..]);
        }
    }
}
