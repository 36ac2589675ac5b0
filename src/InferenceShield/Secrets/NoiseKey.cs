using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The prepared key of one model's noise: one half finds the cell, the other draws from it.</summary>
/// <remarks>A shield derives its own with HKDF from the secret, for purpose and model; the secret is the epoch: a new one has unrelated
/// noise. Make one here for <see cref="HardeningSteps.KeyedNoise(ReadOnlySpan{float}, Span{float}, double, NoiseKey, NoiseKind)"/>, once:
/// it expands the AES key schedule. Immutable and thread-safe.</remarks>
public sealed class NoiseKey
{
    /// <summary>The bytes of a key.</summary>
    public const int Size = SipHashKey.Size + CounterRandom.KeySize;

    /// <summary>A cell never has more entries: each one holds at least .05 of the mass.</summary>
    private const int MostEntries = 20;

    private const double LeastEntry = 0.05;
    private const int EntrySize = 2 * sizeof(int);

    /// <summary>Classes that are passed over all at once where none of them is an entry.</summary>
    private const int Block = 128;

    private SipHashKey _cells;
    private SipHashKey _decoys;
    private CounterRandom _random;

    /// <summary>Prepares a key.</summary>
    /// <param name="key"><see cref="Size"/> secret random bytes, the same on every replica; derived for this purpose and model alone. Common
    /// to all callers: noise of their own could be averaged away by several accounts.</param>
    /// <exception cref="ArgumentException">Another number of bytes.</exception>
    public NoiseKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != Size)
        {
            throw new ArgumentException($"The key has {key.Length} bytes; it needs {Size}. Derive them from a secret with HKDF.", nameof(key));
        }

        _cells = new SipHashKey(key[..SipHashKey.Size]);
        _random = new CounterRandom(key[SipHashKey.Size..]);

        // Five bytes, which no cell has.
        Hash128 decoys = SipHash.Hash(_cells, "decoy"u8);
        Span<byte> derived = stackalloc byte[SipHashKey.Size];
        BinaryPrimitives.WriteUInt64LittleEndian(derived, decoys.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(derived[sizeof(ulong)..], decoys.High);
        _decoys = new SipHashKey(derived);
        CryptographicOperations.ZeroMemory(derived);
    }

    /// <summary>Draws from a cell.</summary>
    internal ref readonly CounterRandom Random => ref _random;

    /// <summary>For the permutations of <see cref="MisinformationPerturbation"/>.</summary>
    internal SipHashKey Decoys => _decoys;

    /// <summary>The output cell: the label, and the probabilities from .05 on to one decimal.</summary>
    internal Hash128 HashOutput(ReadOnlySpan<double> distribution, int top)
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
                    length += WriteEntry(cell[length..], start + i, block[i]);
                }
            }
        }

        return SipHash.Hash(_cells, cell[..length]);
    }

    /// <summary>The same cell, of weights that are not divided by their sum yet.</summary>
    internal Hash128 HashOutput(ReadOnlySpan<float> weights, double sum, int top)
    {
        Span<int> entries = stackalloc int[MostEntries];
        entries = entries[..RowScan.Collect(weights, (float)(LeastEntry * sum), entries)];
        Span<byte> cell = stackalloc byte[sizeof(int) + (MostEntries * EntrySize)];
        BinaryPrimitives.WriteInt32LittleEndian(cell, top);
        int length = sizeof(int);
        foreach (int entry in entries)
        {
            length += WriteEntry(cell[length..], entry, weights[entry] / sum);
        }

        return SipHash.Hash(_cells, cell[..length]);
    }

    /// <summary>The cell of an input: its region or its digest, 128 bits of either.</summary>
    /// <remarks>24 bytes are hashed, which no output cell has.</remarks>
    internal Hash128 HashInput(NoiseCell kind, Hash128 input) => SipHash.Hash(_cells, input.Low, input.High, (ulong)kind);

    private static int WriteEntry(Span<byte> entry, int index, double probability)
    {
        BinaryPrimitives.WriteInt32LittleEndian(entry, index);
        BinaryPrimitives.WriteInt32LittleEndian(entry[sizeof(int)..], (int)Math.Round(probability * 10));
        return EntrySize;
    }

    internal void Clear()
    {
        _cells = default;
        _decoys = default;
        _random = default;
    }
}
