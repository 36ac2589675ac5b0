using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace InferenceShield;

/// <summary>A Space-Saving summary of <see cref="Size"/> entries, guarded by a word that is held for some 20 ns.</summary>
/// <remarks>Small enough to be searched whole, 32 hashes and 32 counts with vector instructions, so it needs neither the
/// linked buckets of the paper nor an index that an attacker could lengthen. An empty entry has count 0, hash 0. Padded:
/// threads that work in neighbouring stripes do not share the words they write.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct SpaceSavingStripe
{
    public const int Size = 32;

    /// <summary>Where counts stop; sums of two stay far from overflow.</summary>
    public const long Greatest = 1L << 61;

    /// <summary>Some microseconds: a hundred times what the holder needs, unless it was preempted.</summary>
    private const int MaximumAttempts = 64;

    private readonly ulong[] _hashes;
    private readonly ulong[] _items;
    private readonly long[] _counts;
    private readonly long[] _errors;
    private long _total;
    private long _missed;
    private int _held;
#pragma warning disable CS0169, IDE0051, CA1823 // Never read: they keep the next stripe's words off this one's cache line.
    private readonly Padding _padding;
#pragma warning restore CS0169, IDE0051, CA1823

    public SpaceSavingStripe()
    {
        _hashes = new ulong[Size];
        _items = new ulong[Size];
        _counts = new long[Size];
        _errors = new long[Size];
        _padding = default;
    }

    /// <summary>The sum of what was added and not missed. Hold the stripe.</summary>
    public long Total
    {
        readonly get => _total;
        set => _total = value;
    }

    /// <summary>The sum of the adds that found the stripe held for too long.</summary>
    public long Missed
    {
        get => Volatile.Read(ref _missed);
        set => Volatile.Write(ref _missed, value);
    }

    /// <summary>No item that is not in the stripe can have come more often than this. Hold the stripe.</summary>
    public readonly long Least => _counts[TensorPrimitives.IndexOfMin(_counts)];

    public readonly Span<ulong> Hashes => _hashes;

    public readonly Span<ulong> Items => _items;

    public readonly Span<long> Counts => _counts;

    public readonly Span<long> Errors => _errors;

    /// <summary>Counts the add, or notes that it missed. Never waits for long.</summary>
    public void Add(ulong hash, ulong item, long count)
    {
        if (!TryEnter())
        {
            AddMissed(count);
            return;
        }

        // Nothing between here and Exit throws.
        int index = _hashes.AsSpan().IndexOf(hash);
        if (index < 0)
        {
            index = TensorPrimitives.IndexOfMin(_counts);
            _hashes[index] = hash;
            _items[index] = item;
            _errors[index] = _counts[index];
        }

        _counts[index] = Math.Min(_counts[index] + count, Greatest);
        _total = Math.Min(_total + count, Greatest);
        Exit();
    }

    public void AddMissed(long count) => Interlocked.Add(ref _missed, count);

    /// <summary>Waits for the stripe; for readers, off the query path. Holders neither wait nor call out.</summary>
    public void Enter()
    {
        SpinWait wait = default;
        while (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
        {
            wait.SpinOnce();
        }
    }

    public void Exit() => Volatile.Write(ref _held, 0);

    /// <summary>Halves counts, rounding so that the bounds keep holding for half the true count. Hold the stripe.</summary>
    public void Halve()
    {
        for (int i = 0; i < Size; i++)
        {
            long guaranteed = (_counts[i] - _errors[i]) >> 1;
            _counts[i] = (_counts[i] + 1) >> 1;
            _errors[i] = _counts[i] - guaranteed;
        }

        _total >>= 1;
        long missed = Missed;
        Interlocked.Add(ref _missed, -(missed >> 1));
    }

    /// <summary>Empties the stripe. Hold it.</summary>
    public void Clear()
    {
        Hashes.Clear();
        Items.Clear();
        Counts.Clear();
        Errors.Clear();
        _total = 0;
        Missed = 0;
    }

    private bool TryEnter()
    {
        for (int attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            if (Volatile.Read(ref _held) == 0 && Interlocked.CompareExchange(ref _held, 1, 0) == 0)
            {
                return true;
            }

            Thread.SpinWait(4);
        }

        return false;
    }

    [System.Runtime.CompilerServices.InlineArray(64)]
    private struct Padding
    {
        private byte _first;
    }
}
