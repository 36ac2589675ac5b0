using System.Buffers.Binary;

namespace InferenceShield;

/// <summary>Finds the most frequent items of a stream in fixed memory, with bounds for each count that always hold.</summary>
/// <remarks>
/// <para>Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams" (2005).
/// This implementation differs in that the keyed hash deals the items to independent summaries of 32 entries, stripes:
/// whatever comes more often than 1/32 of its stripe's stream is in it. With c entries in all and no item dominating,
/// that is about 1/c of the whole stream; <see cref="MaximumError"/> is the exact figure. A stripe's frequent items cost
/// the others in it one entry each (Berinde, Indyk, Cormode and Strauss, 2010).</para>
/// <para>Thread-safety: any number of threads may add, read and merge at once. Replacing an entry changes four words
/// together, which cannot be done lock-free without allocating, so a stripe is held by one thread at a time, for some
/// 20 ns. An add that finds its stripe held for microseconds, because the holder was preempted, does not wait: it is
/// noted as missed, and from then on counts and errors of that stripe are stated so much greater. So an add never
/// blocks, and the bounds hold all the same. Reads wait; they are not for the query path.</para>
/// <para>What an attacker can do without the key: a flood of distinct items raises <see cref="MaximumError"/> by the
/// flood over the entries, and pushes out whatever is less frequent than that. He cannot aim at a stripe.</para>
/// <para>Cost: an add 20 to 30 ns. 40 bytes per entry. No allocation.</para>
/// </remarks>
public sealed class SpaceSaving
{
    /// <summary>The least number of entries.</summary>
    public const int MinimumCapacity = SpaceSavingStripe.Size;

    /// <summary>The greatest number of entries.</summary>
    public const int MaximumCapacity = 1 << 16;

    private const int HeaderSize = SketchPreamble.Size + sizeof(long);
    private const int EntrySize = 4 * sizeof(long);
    private const int StripeSize = 2 * sizeof(long) + SpaceSavingStripe.Size * EntrySize;

    private readonly SpaceSavingStripe[] _stripes;
    private readonly SketchKey _key;

    /// <summary>Makes an empty summary.</summary>
    /// <param name="capacity">Entries, <see cref="MinimumCapacity"/> to <see cref="MaximumCapacity"/>, rounded up to a
    /// multiple of 32. To find all items above a share of the stream, take some 4 over that share.</param>
    /// <param name="key">The key to hash with; summaries that are to be merged need the same.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is out of range.</exception>
    public SpaceSaving(int capacity, SketchKey key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, MinimumCapacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, MaximumCapacity);
        ArgumentNullException.ThrowIfNull(key);
        _key = key;
        _stripes = new SpaceSavingStripe[(capacity + SpaceSavingStripe.Size - 1) / SpaceSavingStripe.Size];
        for (int i = 0; i < _stripes.Length; i++)
        {
            _stripes[i] = new SpaceSavingStripe();
        }
    }

    /// <summary>Entries.</summary>
    public int Capacity => _stripes.Length * SpaceSavingStripe.Size;

    /// <summary>The sum of all that was added, halved as the counts were.</summary>
    public long Total
    {
        get
        {
            long total = 0;
            for (int i = 0; i < _stripes.Length; i++)
            {
                _stripes[i].Enter();
                total += _stripes[i].Total + _stripes[i].Missed;
                _stripes[i].Exit();
            }

            return total;
        }
    }

    /// <summary>Every item that came more often than this is in the summary.</summary>
    public long MaximumError
    {
        get
        {
            long error = 0;
            for (int i = 0; i < _stripes.Length; i++)
            {
                _stripes[i].Enter();
                error = Math.Max(error, _stripes[i].Least + _stripes[i].Missed);
                _stripes[i].Exit();
            }

            return error;
        }
    }

    /// <summary>What <see cref="MaximumError"/> is over <see cref="Total"/> if items are many and alike: 1 / capacity. A
    /// bound of counts and no standard deviation; the summary is not random but for the dealing of items to stripes.</summary>
    public double RelativeStandardError => 1.0 / Capacity;

    /// <summary>The bytes of <see cref="CopyStateTo"/>: 24 + 16 per 32 entries + 32 per entry.</summary>
    public int StateSize => HeaderSize + _stripes.Length * StripeSize;

    /// <summary>Restores a summary from <see cref="CopyStateTo"/>.</summary>
    /// <param name="state">Exactly the bytes that were written; checked and copied.</param>
    /// <param name="key">The key the summary was made with.</param>
    /// <exception cref="SketchStateException">Not such a state, damaged, or made under another key.</exception>
    public static SpaceSaving FromState(ReadOnlySpan<byte> state, SketchKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        (int first, int second) = SketchPreamble.Read(state, SketchKind.SpaceSaving, key);
        long capacity = state.Length < HeaderSize ? 0 : BinaryPrimitives.ReadInt64LittleEndian(state[SketchPreamble.Size..]);
        if (first != 0 || second != 0 || capacity is < MinimumCapacity or > MaximumCapacity || capacity % SpaceSavingStripe.Size != 0)
        {
            throw new SketchStateException($"The state names the parameters {first} and {second} and {capacity} entries; allowed: 0, 0, and a multiple of 32 from {MinimumCapacity} to {MaximumCapacity}.");
        }

        SketchPreamble.RequireLength(state, HeaderSize + capacity / SpaceSavingStripe.Size * StripeSize);
        SpaceSaving summary = new((int)capacity, key);
        for (int i = 0; i < summary._stripes.Length; i++)
        {
            if (!summary.TryReadStripe(i, state.Slice(HeaderSize + i * StripeSize, StripeSize)))
            {
                throw new SketchStateException($"Stripe {i} holds what no adds make: a negative or too great number, an error above its count, an item of another stripe, or one twice.");
            }
        }

        return summary;
    }

    /// <summary>Adds a number; <see cref="HeavyHitter.Item"/> will be it.</summary>
    /// <param name="item">Any number, for example an identifier.</param>
    /// <param name="count">How often, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public void Add(ulong item, int count = 1) => Add(_key.Hash(item), item, count);

    /// <summary>Adds any bytes; <see cref="HeavyHitter.Item"/> will be their <see cref="SketchKey.Hash(ReadOnlySpan{byte})"/>.</summary>
    /// <param name="item">The bytes; may be empty.</param>
    /// <param name="count">How often, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public void Add(ReadOnlySpan<byte> item, int count = 1) => AddHash(_key.Hash(item), count);

    /// <summary>Adds an item by its hash; <see cref="HeavyHitter.Item"/> will be it.</summary>
    /// <param name="keyedHash">64 uniform bits under a secret key: <see cref="SketchKey.Hash(ulong)"/> or as good.</param>
    /// <param name="count">How often, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public void AddHash(ulong keyedHash, int count = 1) => Add(keyedHash, keyedHash, count);

    /// <summary>The bounds of a number's count.</summary>
    /// <param name="item">Any number.</param>
    /// <param name="bounds">The bounds; they hold whether or not the item is in the summary.</param>
    /// <returns>True if the item is in the summary; false means that it came at most <see cref="HeavyHitter.Count"/> times.</returns>
    public bool TryGet(ulong item, out HeavyHitter bounds) => TryGet(_key.Hash(item), item, out bounds);

    /// <summary>The bounds of an item's count, by its hash.</summary>
    /// <param name="keyedHash">The hash it was added by.</param>
    /// <param name="bounds">The bounds; they hold whether or not the item is in the summary.</param>
    /// <returns>True if the item is in the summary; false means that it came at most <see cref="HeavyHitter.Count"/> times.</returns>
    public bool TryGetHash(ulong keyedHash, out HeavyHitter bounds) => TryGet(keyedHash, keyedHash, out bounds);

    /// <summary>The most frequent items, the greatest count first.</summary>
    /// <param name="destination">Takes as many as it is long, or as there are.</param>
    /// <returns>How many were written.</returns>
    /// <remarks>Each stripe is read at one moment, the stripes one after the other.</remarks>
    public int CopyTopTo(Span<HeavyHitter> destination)
    {
        int written = 0;
        for (int i = 0; i < _stripes.Length && destination.Length > 0; i++)
        {
            ref SpaceSavingStripe stripe = ref _stripes[i];
            stripe.Enter();
            long missed = stripe.Missed;
            for (int j = 0; j < SpaceSavingStripe.Size; j++)
            {
                HeavyHitter candidate = new(stripe.Items[j], stripe.Counts[j] + missed, stripe.Errors[j] + missed);
                if (stripe.Counts[j] > 0 && (written < destination.Length || candidate.Count > destination[^1].Count))
                {
                    written = Math.Min(written + 1, destination.Length);
                    Insert(destination[..written], candidate);
                }
            }

            stripe.Exit();
        }

        return written;
    }

    /// <summary>Halves all counts: called every so often, it makes old adds count less and less. The bounds then hold for
    /// the halved counts, within 1 for each halving since.</summary>
    public void Halve()
    {
        for (int i = 0; i < _stripes.Length; i++)
        {
            _stripes[i].Enter();
            _stripes[i].Halve();
            _stripes[i].Exit();
        }
    }

    /// <summary>Makes this the summary of both streams.</summary>
    /// <param name="other">A summary of the same capacity under the same key.</param>
    /// <remarks>Agarwal, Cormode, Huang, Phillips, Wei and Yi, "Mergeable Summaries" (2012): errors are at most what one
    /// summary of both streams could have.</remarks>
    /// <exception cref="ArgumentException">Another capacity, or another key.</exception>
    public void Merge(SpaceSaving other)
    {
        ArgumentNullException.ThrowIfNull(other);
        SketchPreamble.RequireSameKey(_key, other._key);
        if (other.Capacity != Capacity)
        {
            throw new ArgumentException($"The other summary has {other.Capacity} entries, this one {Capacity}.", nameof(other));
        }

        SpaceSavingMerge merge = new(stackalloc SpaceSavingEntry[2 * SpaceSavingStripe.Size]);
        for (int i = 0; i < _stripes.Length; i++)
        {
            merge.Merge(ref _stripes[i], ref other._stripes[i]);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        for (int i = 0; i < _stripes.Length; i++)
        {
            _stripes[i].Enter();
            _stripes[i].Clear();
            _stripes[i].Exit();
        }
    }

    /// <summary>Writes the state: the preamble of 16 bytes ("ISSK", version 1, kind 4, 0, 0, the key's fingerprint), the
    /// capacity, then for each 32 entries the total, the missed sum, and 32 times hash, item, count and error (an empty
    /// entry is all 0). 8 bytes each, little-endian.</summary>
    /// <param name="destination">At least <see cref="StateSize"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    /// <remarks>Unlike the other sketches' states, this one names items.</remarks>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int CopyStateTo(Span<byte> destination)
    {
        SketchPreamble.Write(destination, StateSize, SketchKind.SpaceSaving, 0, 0, _key);
        BinaryPrimitives.WriteInt64LittleEndian(destination[SketchPreamble.Size..], Capacity);
        for (int i = 0; i < _stripes.Length; i++)
        {
            ref SpaceSavingStripe stripe = ref _stripes[i];
            Span<byte> part = destination.Slice(HeaderSize + i * StripeSize, StripeSize);
            stripe.Enter();
            BinaryPrimitives.WriteInt64LittleEndian(part, stripe.Total);
            BinaryPrimitives.WriteInt64LittleEndian(part[8..], stripe.Missed);
            for (int j = 0; j < SpaceSavingStripe.Size; j++)
            {
                Span<byte> entry = part.Slice(16 + j * EntrySize, EntrySize);
                BinaryPrimitives.WriteUInt64LittleEndian(entry, stripe.Hashes[j]);
                BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], stripe.Items[j]);
                BinaryPrimitives.WriteInt64LittleEndian(entry[16..], stripe.Counts[j]);
                BinaryPrimitives.WriteInt64LittleEndian(entry[24..], stripe.Errors[j]);
            }

            stripe.Exit();
        }

        return StateSize;
    }

    /// <summary>Sorted insertion; the last entry is free, or falls out.</summary>
    private static void Insert(Span<HeavyHitter> sorted, HeavyHitter entry)
    {
        int i = sorted.Length - 1;
        for (; i > 0 && sorted[i - 1].Count < entry.Count; i--)
        {
            sorted[i] = sorted[i - 1];
        }

        sorted[i] = entry;
    }

    private void Add(ulong hash, ulong item, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _stripes[StripeOf(hash)].Add(Mark(hash), item, count);
    }

    private bool TryGet(ulong hash, ulong item, out HeavyHitter bounds)
    {
        ref SpaceSavingStripe stripe = ref _stripes[StripeOf(hash)];
        stripe.Enter();
        int index = stripe.Hashes.IndexOf(Mark(hash));
        long missed = stripe.Missed;
        long count = (index < 0 ? stripe.Least : stripe.Counts[index]) + missed;
        bounds = new HeavyHitter(item, count, index < 0 ? count : stripe.Errors[index] + missed);
        stripe.Exit();
        return index >= 0;
    }

    private bool TryReadStripe(int index, ReadOnlySpan<byte> part)
    {
        ref SpaceSavingStripe stripe = ref _stripes[index];
        stripe.Total = BinaryPrimitives.ReadInt64LittleEndian(part);
        stripe.Missed = BinaryPrimitives.ReadInt64LittleEndian(part[8..]);
        bool valid = stripe.Total is >= 0 and <= SpaceSavingStripe.Greatest && stripe.Missed is >= 0 and <= SpaceSavingStripe.Greatest;
        for (int j = 0; j < SpaceSavingStripe.Size && valid; j++)
        {
            ReadOnlySpan<byte> entry = part.Slice(16 + j * EntrySize, EntrySize);
            ulong hash = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            ulong item = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            long count = BinaryPrimitives.ReadInt64LittleEndian(entry[16..]);
            long error = BinaryPrimitives.ReadInt64LittleEndian(entry[24..]);
            valid = count == 0
                ? hash == 0 && item == 0 && error == 0
                : count is > 0 and <= SpaceSavingStripe.Greatest && error >= 0 && error <= count && hash != 0
                    && StripeOf(hash) == index && stripe.Hashes[..j].IndexOf(hash) < 0;
            stripe.Hashes[j] = hash;
            stripe.Items[j] = item;
            stripe.Counts[j] = count;
            stripe.Errors[j] = error;
        }

        return valid;
    }

    /// <summary>0 marks an empty entry, so no item has it.</summary>
    private static ulong Mark(ulong hash) => hash == 0 ? 1 : hash;

    private int StripeOf(ulong hash) => (int)Math.BigMul(hash, (ulong)_stripes.Length, out _);
}
