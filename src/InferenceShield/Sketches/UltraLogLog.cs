using System.Numerics;
using System.Runtime.CompilerServices;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Counts distinct items in 2^p bytes, with a quarter less error than HyperLogLog's byte registers: UltraLogLog
/// with keyed hashing.</summary>
/// <remarks>
/// <para>Ertl, "UltraLogLog: A Practical and More Space-Efficient Alternative to HyperLogLog for Approximate Distinct
/// Counting" (PVLDB 17, 2024; arXiv 2308.16862). A register tells not only the greatest level seen but also whether
/// the two below were. Registers are encoded as in hash4j, so states can be compared given equal hashes.</para>
/// <para>Thread-safety: any number of threads may add and estimate at once, without a lock, and the result is exactly
/// that of adding one after the other. <see cref="Merge"/>, <see cref="MergeShared"/> and <see cref="Clear"/> say what
/// they need.</para>
/// <para>Cost at p = 12: an add of a number 3 to 5 ns, of a keyed hash below 2 ns, most of which read one byte and write
/// nothing; an estimate about 2 us. No allocation.</para>
/// </remarks>
public sealed class UltraLogLog
{
    /// <summary>The least precision.</summary>
    public const int MinimumPrecision = 4;

    /// <summary>The greatest precision.</summary>
    public const int MaximumPrecision = 16;

    private readonly byte[] _registers;
    private readonly SketchKey _key;
    private readonly ulong _guard;

    /// <summary>Makes an empty sketch.</summary>
    /// <param name="precision"><see cref="MinimumPrecision"/> to <see cref="MaximumPrecision"/>. The sketch has
    /// 2^precision registers of one byte.</param>
    /// <param name="key">The key to hash with; sketches that are to be merged need the same.</param>
    /// <exception cref="ArgumentOutOfRangeException">The precision is out of range.</exception>
    public UltraLogLog(int precision, SketchKey key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(precision, MinimumPrecision);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, MaximumPrecision);
        ArgumentNullException.ThrowIfNull(key);
        Precision = precision;
        _key = key;
        _registers = new byte[1 << precision];
        _guard = 1UL << (precision - 1);
    }

    /// <summary>The precision p: 2^p registers.</summary>
    public int Precision { get; }

    /// <summary>The standard deviation of <see cref="Estimate"/> over the true count, as theory has it for large counts:
    /// about 0.782 / 2^(p/2). Below 2^p items the error is smaller.</summary>
    public double RelativeStandardError => GetRelativeStandardError(Precision);

    /// <summary>The same for <see cref="EstimateMaximumLikelihood"/>: about 0.761 / 2^(p/2).</summary>
    public double MaximumLikelihoodStandardError => UltraLogLogLikelihood.StandardError / Math.Sqrt(1 << Precision);

    /// <summary>The bytes of <see cref="CopyStateTo"/>: 16 + 2^p.</summary>
    public int StateSize => SketchPreamble.Size + _registers.Length;

    internal ReadOnlySpan<byte> Registers => _registers;

    /// <summary>What <see cref="RelativeStandardError"/> is at a precision.</summary>
    /// <param name="precision"><see cref="MinimumPrecision"/> to <see cref="MaximumPrecision"/>.</param>
    public static double GetRelativeStandardError(int precision)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(precision, MinimumPrecision);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, MaximumPrecision);
        return Math.Sqrt(UltraLogLogEstimator.Variance / (1 << precision));
    }

    /// <summary>Restores a sketch from <see cref="CopyStateTo"/>.</summary>
    /// <param name="state">Exactly the bytes that were written; checked and copied.</param>
    /// <param name="key">The key the sketch was made with.</param>
    /// <exception cref="SketchStateException">Not such a state, damaged, or made under another key.</exception>
    public static UltraLogLog FromState(ReadOnlySpan<byte> state, SketchKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        (int precision, int unused) = SketchPreamble.Read(state, SketchKind.UltraLogLog, key);
        if (precision is < MinimumPrecision or > MaximumPrecision || unused != 0)
        {
            throw new SketchStateException($"The state names the parameters {precision} and {unused}; allowed: a precision of {MinimumPrecision} to {MaximumPrecision}, and 0.");
        }

        SketchPreamble.RequireLength(state, SketchPreamble.Size + (1 << precision));
        ReadOnlySpan<byte> registers = state[SketchPreamble.Size..];
        for (int i = 0; i < registers.Length; i++)
        {
            if (!UltraLogLogRegister.IsPossible(registers[i], precision))
            {
                throw new SketchStateException($"Register {i} is {registers[i]}, which no items make at precision {precision}.");
            }
        }

        UltraLogLog sketch = new(precision, key);
        registers.CopyTo(sketch._registers);
        return sketch;
    }

    /// <summary>Adds a number: the same item as its 8 little-endian bytes.</summary>
    /// <param name="item">Any number.</param>
    /// <returns>True if a register changed, which a repeated item never makes happen; false says nothing.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Add(ulong item) => AddHash(_key.Hash(item));

    /// <summary>Adds any bytes.</summary>
    /// <param name="item">The bytes; may be empty.</param>
    /// <returns>True if a register changed, which a repeated item never makes happen; false says nothing.</returns>
    public bool Add(ReadOnlySpan<byte> item) => AddHash(_key.Hash(item));

    /// <summary>Adds an item by its hash, for those who have hashed it already.</summary>
    /// <param name="keyedHash">64 uniform bits under a secret key: <see cref="SketchKey.Hash(ulong)"/> or as good. A hash
    /// that the item's author can compute gives him the estimate.</param>
    /// <returns>True if a register changed, which a repeated item never makes happen; false says nothing.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AddHash(ulong keyedHash)
    {
        // The first p bits choose the register, the leading zeros of the rest the level, p - 1 to 63.
        int level = BitOperations.LeadingZeroCount((keyedHash << Precision) | _guard) + Precision - 1;
        ref byte register = ref _registers[keyedHash >> -Precision];

        return !UltraLogLogRegister.Covers(Volatile.Read(ref register), level) && Include(ref register, level);
    }

    /// <summary>The number of distinct items added, as estimated; 0 for none, at most 2^64.</summary>
    /// <remarks>The paper's FGRA estimator (further generalized remaining area), in one pass and without iteration; nearly
    /// unbiased at every count. While others add, it is the estimate of some moment during the call.</remarks>
    public double Estimate()
    {
        Span<int> counts = stackalloc int[ByteHistogram.Size];
        ByteHistogram.Count(_registers, counts);
        return UltraLogLogEstimator.Estimate(counts, Precision);
    }

    /// <summary>The same by maximum likelihood: 3 % less error, and half as much time again.</summary>
    public double EstimateMaximumLikelihood()
    {
        Span<int> counts = stackalloc int[ByteHistogram.Size];
        ByteHistogram.Count(_registers, counts);
        return UltraLogLogLikelihood.Estimate(counts, Precision);
    }

    /// <summary>Makes this the sketch of both sets of items.</summary>
    /// <param name="other">A sketch under the same key, of this precision or a greater one. Others may add to it meanwhile.</param>
    /// <remarks>Nobody may add to THIS sketch meanwhile, or an add may be lost; see <see cref="MergeShared"/>.</remarks>
    /// <exception cref="ArgumentException">Another key, or a smaller precision.</exception>
    public void Merge(UltraLogLog other)
    {
        RequireMergeable(other);
        if (other.Precision == Precision)
        {
            UltraLogLogRegister.UnionAll(_registers, other._registers);
        }
        else
        {
            MergeShared(other);
        }
    }

    /// <summary>Does what <see cref="Merge"/> does, while others may add to both: lock-free, at 1 to 2 ns per register
    /// of the other sketch.</summary>
    /// <param name="other">A sketch under the same key, of this precision or a greater one.</param>
    /// <exception cref="ArgumentException">Another key, or a smaller precision.</exception>
    public void MergeShared(UltraLogLog other)
    {
        RequireMergeable(other);
        int folds = other.Precision - Precision;
        for (int i = 0; i < other._registers.Length; i++)
        {
            byte register = Volatile.Read(ref other._registers[i]);
            if (register == 0)
            {
                continue;
            }

            // The index bits that this sketch does not have come before the other's level: if they are all 0, it
            // continues them, and the value holds as it is; else the level is that of their first 1.
            int rest = i & ((1 << folds) - 1);
            if (rest == 0)
            {
                Union(ref _registers[i >> folds], register);
            }
            else
            {
                Include(ref _registers[i >> folds], Precision + folds - 2 - BitOperations.Log2((uint)rest));
            }
        }
    }

    /// <summary>A sketch of smaller precision with the state it would have if all items had been added to it.</summary>
    /// <param name="precision"><see cref="MinimumPrecision"/> to <see cref="Precision"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The precision is out of range.</exception>
    public UltraLogLog Downsize(int precision)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, Precision);
        UltraLogLog smaller = new(precision, _key);
        smaller.MergeShared(this);
        return smaller;
    }

    /// <summary>Forgets all items. Items that others add meanwhile may be kept or lost.</summary>
    public void Clear() => _registers.AsSpan().Clear();

    /// <summary>Writes the state: the preamble of 16 bytes ("ISSK", version 1, kind 1, p, 0, the key's fingerprint), then
    /// the 2^p registers, one byte each: 0, or 4 x level + 2 if the level below was seen + 1 if the one below that was.
    /// Levels are p - 1 to 63.</summary>
    /// <param name="destination">At least <see cref="StateSize"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    /// <remarks>Every register is one that the sketch had during the call. The state tells the count, and no item.</remarks>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int CopyStateTo(Span<byte> destination)
    {
        SketchPreamble.Write(destination, StateSize, SketchKind.UltraLogLog, Precision, 0, _key);
        _registers.CopyTo(destination[SketchPreamble.Size..]);
        return StateSize;
    }

    // Lock-free: registers only grow, so the compare-and-swap fails at most 255 times in a register's life.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Include(ref byte register, int level)
    {
        byte seen = Volatile.Read(ref register);
        while (true)
        {
            byte next = UltraLogLogRegister.Include(seen, level);
            if (next == seen)
            {
                return false;
            }

            byte before = Interlocked.CompareExchange(ref register, next, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }
    }

    private static void Union(ref byte register, byte other)
    {
        byte seen = Volatile.Read(ref register);
        while (true)
        {
            byte next = UltraLogLogRegister.Union(seen, other);
            byte before = next == seen ? seen : Interlocked.CompareExchange(ref register, next, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private void RequireMergeable(UltraLogLog other)
    {
        ArgumentNullException.ThrowIfNull(other);
        SketchPreamble.RequireSameKey(_key, other._key);
        if (other.Precision < Precision)
        {
            throw new ArgumentException($"The other sketch has precision {other.Precision}, this one {Precision}. Downsize this one first, or merge the other way round.", nameof(other));
        }
    }
}
