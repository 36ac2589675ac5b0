using System.Buffers.Binary;
using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The keys of one model's noise: one finds the cell, the other draws from it.</summary>
/// <remarks>HKDF of the secret for purpose and model. The secret is the epoch: a new one, known by another key id, has
/// unrelated noise. The key id itself is only a name and goes into no key.</remarks>
internal sealed class NoiseKey
{
    public const int Size = SipHashKey.Size + CounterRandom.KeySize;

    /// <summary>A cell never has more entries: each one holds at least .05 of the mass.</summary>
    private const int MostEntries = 20;

    private const double LeastEntry = 0.05;
    private const int EntrySize = 2 * sizeof(int);

    /// <summary>Classes that are passed over all at once where none of them is an entry.</summary>
    private const int Block = 128;

    private SipHashKey _cells;
    private CounterRandom _random;

    /// <param name="key">Of <see cref="Size"/> bytes.</param>
    public NoiseKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Size, nameof(key));
        _cells = new SipHashKey(key[..SipHashKey.Size]);
        _random = new CounterRandom(key[SipHashKey.Size..]);
    }

    /// <summary>Draws from a cell.</summary>
    public ref readonly CounterRandom Random => ref _random;

    /// <summary>The output cell: the label, and the probabilities from .05 on to one decimal.</summary>
    public Hash128 HashOutput(ReadOnlySpan<double> distribution, int top)
    {
        Span<byte> cell = stackalloc byte[sizeof(int) + (MostEntries * EntrySize)];
        BinaryPrimitives.WriteInt32LittleEndian(cell, top);
        int length = sizeof(int);
        for (int start = 0; start < distribution.Length; start += Block)
        {
            ReadOnlySpan<double> block = distribution[start..Math.Min(start + Block, distribution.Length)];
            if (block.Length == Block && TensorPrimitives.Max(block) < LeastEntry)
            {
                continue;
            }

            for (int i = 0; i < block.Length && length < cell.Length; i++)
            {
                if (block[i] >= LeastEntry)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(cell[length..], start + i);
                    BinaryPrimitives.WriteInt32LittleEndian(cell[(length + sizeof(int))..], (int)Math.Round(block[i] * 10));
                    length += EntrySize;
                }
            }
        }

        return SipHash.Hash(_cells, cell[..length]);
    }

    /// <summary>The cell of an input: its region or its digest, 128 bits of either.</summary>
    /// <remarks>24 bytes are hashed, which no output cell has.</remarks>
    public Hash128 HashInput(NoiseCell kind, Hash128 input) => SipHash.Hash(_cells, input.Low, input.High, (ulong)kind);

    public void Clear()
    {
        _cells = default;
        _random = default;
    }
}
