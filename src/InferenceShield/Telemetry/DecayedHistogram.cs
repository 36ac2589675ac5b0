using System.Numerics;
using System.Runtime.CompilerServices;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>How often each label was answered, over several sliding windows at once.</summary>
/// <remarks>
/// <para>A window decays exponentially (see <see cref="DecayWindow"/>): after d a label's count is its count times
/// exp(-d/window), and an answer adds 1. Weights are within 0.4 % of exact. Memory: 8 bytes a stripe, bucket and window;
/// 2 KiB for 64 buckets and four windows. One stripe is for what is kept of one caller; a stripe a processor is for what all
/// threads share.</para>
/// <para>Thread-safe and lock-free: count and time share a word, changed by compare-and-swap, so no increment is lost or
/// counted twice, and a failed swap means that another thread's succeeded. Nothing is allocated.</para>
/// <para>Labels from <see cref="Buckets"/> on share buckets, by a keyed pairwise independent hash: (a x + b) div 2^32
/// (Dietzfelbinger, 1996). Nobody without the key can choose labels that fall together.</para>
/// <para>Consistency: a count is one word and never torn. A snapshot reads each of them once, and its total, shares and
/// entropy are of these very counts; it holds every Add that ended before it began and none that began after it ended.
/// Windows are read one by one: an Add under way may show in one and not yet in another.</para>
/// </remarks>
internal sealed class DecayedHistogram
{
    public const int DefaultBuckets = 64;

    public const int MostBuckets = 1024;

    public const int MostStripes = 64;

    /// <summary>Words that fill 128 bytes.</summary>
    private const int Padding = 16;

    private readonly DecayWindow[] _windows;
    private readonly ulong[] _words;
    private readonly int _mask;
    private readonly int _padding;
    private readonly int _stride;
    private readonly ulong _multiplier;
    private readonly ulong _addend;

    /// <summary>Makes an empty one over the default windows.</summary>
    /// <param name="key">Which labels share buckets is a function of it.</param>
    /// <param name="buckets">2 to <see cref="MostBuckets"/>; the number of classes, where that fits.</param>
    /// <param name="stripes">1 to <see cref="MostStripes"/>; rounded up to a power of two.</param>
    public DecayedHistogram(SipHashKey key, int buckets = DefaultBuckets, int stripes = 1)
        : this(key, buckets, stripes, DecayWindows.Default)
    {
    }

    /// <summary>Makes an empty one.</summary>
    /// <param name="key">Which labels share buckets is a function of it.</param>
    /// <param name="buckets">2 to <see cref="MostBuckets"/>.</param>
    /// <param name="stripes">1 to <see cref="MostStripes"/>; rounded up to a power of two.</param>
    /// <param name="windows">Ascending; see <see cref="DecayWindows.Prepare"/>. Shared, not copied.</param>
    public DecayedHistogram(SipHashKey key, int buckets, int stripes, DecayWindow[] windows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buckets, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buckets, MostBuckets);
        ArgumentOutOfRangeException.ThrowIfLessThan(stripes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stripes, MostStripes);
        stripes = (int)BitOperations.RoundUpToPowerOf2((uint)stripes);
        Buckets = buckets;
        _windows = windows;
        _mask = stripes - 1;

        // Stripes that other threads write, and the array's length, which every access reads, are kept a pair of lines away.
        _padding = stripes > 1 ? Padding : 0;
        _stride = buckets * windows.Length + _padding;
        _words = new ulong[_padding + stripes * _stride];
        Hash128 hash = SipHash.Hash(key, "labels"u8);
        _multiplier = hash.Low;
        _addend = hash.High;
    }

    public int Buckets { get; }

    public int WindowCount => _windows.Length;

    /// <summary>The bucket of a label: itself, if there are that many.</summary>
    /// <param name="label">0 or more.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int BucketOf(int label) => (uint)label < (uint)Buckets ? label : Fold(label);

    /// <summary>Counts answers with a label, in all windows.</summary>
    /// <param name="label">0 or more.</param>
    /// <param name="now">Nanoseconds; may be a little earlier than another thread's.</param>
    /// <param name="count">How many: 1 or more.</param>
    public void Add(int label, long now, int count = 1) =>
        AddFrom(_mask == 0 ? 0 : Thread.GetCurrentProcessorId(), label, now, count);

    /// <summary>Counts as a thread on the given processor would.</summary>
    public void AddFrom(int processor, int label, long now, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        DecayWindow[] windows = _windows;
        Span<ulong> words = _words.AsSpan(
            _padding + (processor & _mask) * _stride + BucketOf(label) * windows.Length, windows.Length);

        // The longest window comes first: it has the longest mantissa, so its word changes with every answer, even at one
        // and the same time, and so does what decides the roundings of the others.
        ulong chance = (ulong)now;
        for (int i = windows.Length - 1; i >= 0; i--)
        {
            ref readonly DecayWindow window = ref windows[i];
            long unit = window.UnitOf(now);
            ulong before = Volatile.Read(ref words[i]);
            while (true)
            {
                ulong after = window.Add(before, unit, count, chance);
                ulong seen = Interlocked.CompareExchange(ref words[i], after, before);
                if (seen == before)
                {
                    chance += after;
                    break;
                }

                before = seen;
            }
        }
    }

    /// <summary>Total and entropy over a window, as of now. About 7 ns a bucket, and 1 ns for each further stripe of it.</summary>
    /// <param name="window">The window's index: 0 is the shortest.</param>
    /// <param name="now">Nanoseconds.</param>
    public LabelSnapshot Snapshot(int window, long now)
    {
        Span<double> shares = stackalloc double[Buckets];
        return Snapshot(window, now, shares);
    }

    /// <summary>Total, entropy and the share of each bucket over a window, as of now.</summary>
    /// <param name="window">The window's index: 0 is the shortest.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="shares">Gets the shares, which sum to 1, or are all 0 when nothing is left: <see cref="Buckets"/> long.</param>
    public LabelSnapshot Snapshot(int window, long now, Span<double> shares)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(window, _windows.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(shares.Length, Buckets);
        ref readonly DecayWindow decay = ref _windows[window];
        long unit = decay.UnitOf(now);
        double total = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = 0;
            for (int word = _padding + i * _windows.Length + window; word < _words.Length; word += _stride)
            {
                shares[i] += decay.Read(Volatile.Read(ref _words[word]), unit);
            }

            total += shares[i];
        }

        double entropy = 0;
        for (int i = 0; i < shares.Length && total > 0; i++)
        {
            shares[i] /= total;
            entropy -= shares[i] > 0 ? shares[i] * Math.Log2(shares[i]) : 0;
        }

        return new LabelSnapshot(total, Math.Max(0, entropy));
    }

    /// <summary>Forgets everything, for another use. What is added meanwhile may stay or go.</summary>
    public void Clear()
    {
        for (int i = 0; i < _words.Length; i++)
        {
            Volatile.Write(ref _words[i], 0);
        }
    }

    private int Fold(int label)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        return (int)((((_multiplier * (ulong)label) + _addend) >> 32) * (ulong)Buckets >> 32);
    }
}
