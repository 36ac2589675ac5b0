using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Counts how often each item was added, in fixed memory: never too few, and rarely much too many.</summary>
/// <remarks>
/// <para>Cormode and Muthukrishnan, "An improved data stream summary: the count-min sketch" (2005), with keyed hashing.
/// For any one item, the estimate exceeds the true count by more than <see cref="Epsilon"/> x <see cref="Total"/> with a
/// probability of at most <see cref="Delta"/>. This needs items that do not depend on the hashes, that is, a secret key
/// and estimates that are not shown to whoever chooses the items.</para>
/// <para>Counters saturate at <see cref="MaximumCount"/>; an estimate of that much means "at least".</para>
/// <para>Thread-safety: estimates may be asked for at any time. Adding depends on <see cref="CountMinUpdate"/>: in Atomic
/// mode any number of threads may add, no increment is ever lost, and an estimate counts every add that had returned; in
/// Conservative mode only one thread may add at a time (two would lose counts, nothing worse).</para>
/// <para>Cost with 4 rows, which is the fast case: an add of a keyed hash about 4 ns in Conservative mode and 20 ns in Atomic
/// mode, an estimate 3 ns, while the counters fit the first-level cache. No allocation.</para>
/// </remarks>
public sealed class CountMinSketch
{
    /// <summary>The most rows.</summary>
    public const int MaximumDepth = 8;

    /// <summary>The least width.</summary>
    public const int MinimumWidth = 16;

    /// <summary>The greatest width.</summary>
    public const int MaximumWidth = 1 << 24;

    /// <summary>Where counters stop, 2^30.</summary>
    public const int MaximumCount = 1 << 30;

    /// <summary>The most that one call can add.</summary>
    /// <remarks>Counters stop at 2^30 and overflow at 2^31: 16 384 threads would have to add this much to one counter
    /// between one thread's look at it and its add.</remarks>
    public const int MaximumIncrement = 65_535;

    private const int FastDepth = 4;
    private const int HeaderSize = SketchPreamble.Size + 16;

    private readonly int[] _counters;
    private readonly SketchKey _key;
    private readonly int _widthBits;
    private long _total;
    private int _halving;

    /// <summary>Makes an empty sketch of a given size; <see cref="Create"/> makes one for a given error.</summary>
    /// <param name="depth">Rows, 1 to <see cref="MaximumDepth"/>; 4 is fastest.</param>
    /// <param name="width">Counters per row, a power of two, <see cref="MinimumWidth"/> to <see cref="MaximumWidth"/>; 4 bytes each.</param>
    /// <param name="key">The key to hash with; sketches that are to be merged need the same.</param>
    /// <param name="update">Who may add. The default is Atomic.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    /// <exception cref="ArgumentException">The width is no power of two.</exception>
    public CountMinSketch(int depth, int width, SketchKey key, CountMinUpdate update = CountMinUpdate.Atomic)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, MaximumDepth);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, MinimumWidth);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, MaximumWidth);
        ArgumentNullException.ThrowIfNull(key);
        if (!BitOperations.IsPow2(width))
        {
            throw new ArgumentException($"The width is {width}; it must be a power of two, so that a hash picks counters evenly.", nameof(width));
        }

        if (!Enum.IsDefined(update))
        {
            throw new ArgumentOutOfRangeException(nameof(update), update, "Atomic or Conservative.");
        }

        Depth = depth;
        Width = width;
        Update = update;
        _key = key;
        _widthBits = BitOperations.Log2((uint)width);
        _counters = new int[checked(depth * width)];
    }

    /// <summary>Rows.</summary>
    public int Depth { get; }

    /// <summary>Counters per row.</summary>
    public int Width { get; }

    /// <summary>Who may add.</summary>
    public CountMinUpdate Update { get; }

    /// <summary>The error in units of <see cref="Total"/> that holds but for <see cref="Delta"/>: e / width.</summary>
    public double Epsilon => Math.E / Width;

    /// <summary>The probability that an estimate is further off than <see cref="Epsilon"/> x <see cref="Total"/>: e^-depth.</summary>
    public double Delta => Math.Exp(-Depth);

    /// <summary>The standard deviation of what other items put into one counter, over <see cref="Total"/>, if these are as
    /// many as the counters of a row and equally frequent: 1 / width. An orientation; the guarantee is
    /// <see cref="Epsilon"/> and <see cref="Delta"/>.</summary>
    public double RelativeStandardError => 1.0 / Width;

    /// <summary>The sum of all increments, halved as the counters were; exact while no counter is saturated.</summary>
    public long Total => Update == CountMinUpdate.Conservative ? Volatile.Read(ref _total) : SumOfRow();

    /// <summary>The bytes of <see cref="CopyStateTo"/>: 32 + 4 x depth x width.</summary>
    public int StateSize => checked(HeaderSize + sizeof(int) * _counters.Length);

    /// <summary>Makes a sketch that is off by more than epsilon x total with a probability of at most delta.</summary>
    /// <param name="epsilon">1.7e-7 to 0.16. The width is e / epsilon, rounded up to a power of two.</param>
    /// <param name="delta">0.00034 to 0.99. The depth is ln(1 / delta), rounded up.</param>
    /// <param name="key">The key to hash with.</param>
    /// <param name="update">Who may add. The default is Atomic.</param>
    /// <exception cref="ArgumentOutOfRangeException">An error is out of range.</exception>
    public static CountMinSketch Create(double epsilon, double delta, SketchKey key, CountMinUpdate update = CountMinUpdate.Atomic)
    {
        // Written so that NaN is refused.
        if (!(epsilon >= Math.E / MaximumWidth && epsilon <= Math.E / MinimumWidth))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "1.7e-7 to 0.16.");
        }

        if (!(delta >= Math.Exp(-MaximumDepth) && delta <= 0.99))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), delta, "0.00034 to 0.99.");
        }

        int width = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Ceiling(Math.E / epsilon));
        return new CountMinSketch((int)Math.Ceiling(Math.Log(1 / delta)), width, key, update);
    }

    /// <summary>Restores a sketch from <see cref="CopyStateTo"/>.</summary>
    /// <param name="state">Exactly the bytes that were written; checked and copied.</param>
    /// <param name="key">The key the sketch was made with.</param>
    /// <exception cref="SketchStateException">Not such a state, damaged, or made under another key.</exception>
    public static CountMinSketch FromState(ReadOnlySpan<byte> state, SketchKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        (int depth, int widthBits) = SketchPreamble.Read(state, SketchKind.CountMin, key);
        if (depth is < 1 or > MaximumDepth || widthBits is < 4 or > 24)
        {
            throw new SketchStateException($"The state names {depth} rows of 2^{widthBits} counters; allowed: 1 to {MaximumDepth} of 2^4 to 2^24.");
        }

        SketchPreamble.RequireLength(state, HeaderSize + ((long)depth << widthBits) * sizeof(int));
        long update = BinaryPrimitives.ReadInt64LittleEndian(state[SketchPreamble.Size..]);
        long total = BinaryPrimitives.ReadInt64LittleEndian(state[(SketchPreamble.Size + sizeof(long))..]);
        if (update is not (0 or 1) || total < 0)
        {
            throw new SketchStateException($"The state names the update {update} and the total {total}; allowed: 0 or 1, and 0 or more.");
        }

        CountMinSketch sketch = new(depth, 1 << widthBits, key, (CountMinUpdate)update);
        for (int i = 0; i < sketch._counters.Length; i++)
        {
            int counter = BinaryPrimitives.ReadInt32LittleEndian(state[(HeaderSize + sizeof(int) * i)..]);
            if (counter is < 0 or > MaximumCount)
            {
                throw new SketchStateException($"Counter {i} is {counter}; none is below 0 or above {MaximumCount}.");
            }

            sketch._counters[i] = counter;
        }

        sketch._total = total;
        return sketch;
    }

    /// <summary>Adds a number: the same item as its 8 little-endian bytes.</summary>
    /// <param name="item">Any number.</param>
    /// <param name="count">How often, 1 to <see cref="MaximumIncrement"/>.</param>
    /// <returns>The item's estimated count, this add included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Add(ulong item, int count = 1) => AddHash(_key.Hash(item), count);

    /// <summary>Adds any bytes.</summary>
    /// <param name="item">The bytes; may be empty.</param>
    /// <param name="count">How often, 1 to <see cref="MaximumIncrement"/>.</param>
    /// <returns>The item's estimated count, this add included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    public int Add(ReadOnlySpan<byte> item, int count = 1) => AddHash(_key.Hash(item), count);

    /// <summary>Adds an item by its hash, for those who have hashed it already.</summary>
    /// <param name="keyedHash">64 uniform bits under a secret key: <see cref="SketchKey.Hash(ulong)"/> or as good.</param>
    /// <param name="count">How often, 1 to <see cref="MaximumIncrement"/>.</param>
    /// <returns>The item's estimated count, this add included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    public int AddHash(ulong keyedHash, int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaximumIncrement);
        if (Update == CountMinUpdate.Conservative)
        {
            _total += count;
            return Depth == FastDepth ? RaiseFour(keyedHash, count) : Raise(keyedHash, count);
        }

        return Depth == FastDepth ? IncrementFour(keyedHash, count) : Increment(keyedHash, count);
    }

    /// <summary>How often a number was added: not less, and probably not much more.</summary>
    /// <param name="item">Any number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Estimate(ulong item) => EstimateHash(_key.Hash(item));

    /// <summary>How often some bytes were added: not less, and probably not much more.</summary>
    /// <param name="item">The bytes; may be empty.</param>
    public int Estimate(ReadOnlySpan<byte> item) => EstimateHash(_key.Hash(item));

    /// <summary>How often an item was added, by its hash.</summary>
    /// <param name="keyedHash">The hash it was added by.</param>
    public int EstimateHash(ulong keyedHash)
    {
        int[] counters = _counters;
        if (Depth == FastDepth)
        {
            (int first, int second, int third, int fourth) = CountMinRows.Indices(keyedHash, _widthBits);
            return Math.Min(CountMinRows.Least(Vector128.Create(counters[first], counters[second], counters[third], counters[fourth])).ToScalar(), MaximumCount);
        }

        int least = MaximumCount;
        for (int row = 0; row < Depth; row++)
        {
            least = Math.Min(least, counters[CountMinRows.Index(keyedHash, row, _widthBits)]);
        }

        return least;
    }

    /// <summary>Halves all counters, rounding down: called every so often, it makes old adds count less and less.</summary>
    /// <returns>False, with nothing done, if another thread is halving.</returns>
    /// <remarks>Exponential decay: called once per period, an add weighs 2^-age in periods. Rounding takes less than 1 from
    /// an estimate per halving. Adds in Atomic mode may go on meanwhile: none is lost, each is halved or not. In
    /// Conservative mode this counts as adding. Cost: some 5 ns per counter in Atomic mode, a pass over the memory in
    /// Conservative mode.</remarks>
    public bool TryHalve()
    {
        if (Interlocked.Exchange(ref _halving, 1) != 0)
        {
            return false;
        }

        if (Update == CountMinUpdate.Conservative)
        {
            TensorPrimitives.ShiftRightArithmetic(_counters, 1, _counters);
            _total >>= 1;
        }
        else
        {
            for (int i = 0; i < _counters.Length; i++)
            {
                // Only adds come between, so the counter cannot fall below what is taken from it.
                int counter = Volatile.Read(ref _counters[i]);
                if (counter != 0)
                {
                    Interlocked.Add(ref _counters[i], -(counter - (counter >> 1)));
                }
            }
        }

        Volatile.Write(ref _halving, 0);
        return true;
    }

    /// <summary>Makes this the sketch of both streams.</summary>
    /// <param name="other">A sketch of the same size under the same key. Others may add to it meanwhile.</param>
    /// <remarks>In Atomic mode others may add to this sketch meanwhile; in Conservative mode this counts as adding.</remarks>
    /// <exception cref="ArgumentException">Another size, or another key.</exception>
    public void Merge(CountMinSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        SketchPreamble.RequireSameKey(_key, other._key);
        if (other.Depth != Depth || other.Width != Width)
        {
            throw new ArgumentException($"The other sketch has {other.Depth} rows of {other.Width}, this one {Depth} of {Width}.", nameof(other));
        }

        _total += Update == CountMinUpdate.Conservative ? other.Total : 0;
        for (int i = 0; i < _counters.Length; i++)
        {
            int count = Math.Min(Volatile.Read(ref other._counters[i]), MaximumCount);
            int room = MaximumCount - Volatile.Read(ref _counters[i]);
            if (count > 0 && room > 0)
            {
                Interlocked.Add(ref _counters[i], Math.Min(count, room));
            }
        }
    }

    /// <summary>Forgets everything. What others add meanwhile may be kept or lost.</summary>
    public void Clear()
    {
        _counters.AsSpan().Clear();
        Volatile.Write(ref _total, 0);
    }

    /// <summary>Writes the state: the preamble of 16 bytes ("ISSK", version 1, kind 3, depth, log2 of the width, the key's
    /// fingerprint), the update (0 or 1) and the total of Conservative mode, 8 bytes each, then depth x width counters of
    /// 4 bytes, row by row. All little-endian.</summary>
    /// <param name="destination">At least <see cref="StateSize"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int CopyStateTo(Span<byte> destination)
    {
        SketchPreamble.Write(destination, StateSize, SketchKind.CountMin, Depth, _widthBits, _key);
        BinaryPrimitives.WriteInt64LittleEndian(destination[SketchPreamble.Size..], (long)Update);
        BinaryPrimitives.WriteInt64LittleEndian(destination[(SketchPreamble.Size + sizeof(long))..], Volatile.Read(ref _total));
        for (int i = 0; i < _counters.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(destination[(HeaderSize + sizeof(int) * i)..], Math.Min(_counters[i], MaximumCount));
        }

        return StateSize;
    }

    private static int Increment(ref int counter, int count)
    {
        int seen = Volatile.Read(ref counter);
        return seen < MaximumCount ? Interlocked.Add(ref counter, Math.Min(count, MaximumCount - seen)) : seen;
    }

    private int IncrementFour(ulong hash, int count)
    {
        int[] counters = _counters;
        (int first, int second, int third, int fourth) = CountMinRows.Indices(hash, _widthBits);
        Vector128<int> after = Vector128.Create(
            Increment(ref counters[first], count), Increment(ref counters[second], count),
            Increment(ref counters[third], count), Increment(ref counters[fourth], count));
        return Math.Min(CountMinRows.Least(after).ToScalar(), MaximumCount);
    }

    private int Increment(ulong hash, int count)
    {
        int least = MaximumCount;
        for (int row = 0; row < Depth; row++)
        {
            least = Math.Min(least, Increment(ref _counters[CountMinRows.Index(hash, row, _widthBits)], count));
        }

        return least;
    }

    private int RaiseFour(ulong hash, int count)
    {
        int[] counters = _counters;
        (int first, int second, int third, int fourth) = CountMinRows.Indices(hash, _widthBits);
        Vector128<int> before = Vector128.Create(counters[first], counters[second], counters[third], counters[fourth]);
        Vector128<int> estimate = Vector128.Min(CountMinRows.Least(before) + Vector128.Create(count), Vector128.Create(MaximumCount));

        // All four are stored, raised or not: that is cheaper than finding out which.
        Vector128<int> after = Vector128.Max(before, estimate);
        counters[first] = after[0];
        counters[second] = after[1];
        counters[third] = after[2];
        counters[fourth] = after[3];
        return estimate.ToScalar();
    }

    private int Raise(ulong hash, int count)
    {
        int estimate = Math.Min(EstimateHash(hash) + count, MaximumCount);
        for (int row = 0; row < Depth; row++)
        {
            ref int counter = ref _counters[CountMinRows.Index(hash, row, _widthBits)];
            counter = Math.Max(counter, estimate);
        }

        return estimate;
    }

    private long SumOfRow()
    {
        long sum = 0;
        for (int i = 0; i < Width; i++)
        {
            sum += Volatile.Read(ref _counters[i]);
        }

        return sum;
    }
}
