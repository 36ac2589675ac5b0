using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Which labels were answered and with what values, over sliding windows, at the cost of one atomic operation an answer.</summary>
/// <remarks>
/// <para>An answer is one word, label and value, put into a small ring by exchange. The ring is emptied into a
/// <see cref="DecayedHistogram"/> and a <see cref="DecayedMoments"/> when it is full, when a second has passed since its first
/// answer, and before anybody reads. Whoever finds an answer in the place of its own takes it in by itself: nothing is lost.
/// Answers count as given up to a second late; one that comes at the very moment at which another thread empties the ring after a
/// silence, perhaps as given before it.</para>
/// <para>Thread-safe and lock-free, with a ring for each stripe. Memory of one stripe: 3 KiB for 64 labels and four windows.</para>
/// </remarks>
internal sealed class AnswerHistory
{
    /// <summary>The label of an answer that has none: a regression, an embedding.</summary>
    public const int NoLabel = -1;

    private const int RingSize = 64;
    private const long LongestRound = 1_000_000_000;

    /// <summary>A word that no answer has: its value is not a number.</summary>
    private const ulong NoAnswer = ulong.MaxValue;

    private readonly AnswerHistory? _whole;
    private readonly DecayedHistogram _labels;
    private readonly DecayedMoments _values;
    private readonly ulong[] _rings;
    private readonly Round[] _rounds;
    private readonly int _mask;

    /// <param name="key">Which labels share buckets is a function of it.</param>
    /// <param name="buckets">Labels told apart: 2 to <see cref="DecayedHistogram.MostBuckets"/>.</param>
    /// <param name="stripes">1 for what is kept of one caller; the number of processors for what all threads share.</param>
    /// <param name="whole">The history, of the same key and buckets, that gets all these answers too, when the ring is emptied; null if there
    /// is none.</param>
    public AnswerHistory(SipHashKey key, int buckets, int stripes, AnswerHistory? whole = null)
    {
        _whole = whole;
        stripes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(stripes, 1, DecayedMoments.MostStripes));
        _labels = new DecayedHistogram(key, buckets);
        _values = new DecayedMoments();
        _rings = new ulong[stripes * RingSize];
        _rings.AsSpan().Fill(NoAnswer);
        _rounds = new Round[stripes + 1];
        _mask = stripes - 1;
    }

    public int Buckets => _labels.Buckets;

    /// <summary>Takes in one answer.</summary>
    /// <param name="label">The leading class; <see cref="NoLabel"/> for none.</param>
    /// <param name="value">Its score, or the answer's number. Ignored unless finite.</param>
    /// <param name="now">Nanoseconds; may be earlier than another thread's, as calls take unlike times.</param>
    /// <returns>True about once a second, for what is to be done as often.</returns>
    public bool Add(int label, float value, long now)
    {
        int stripe = _mask == 0 ? 0 : Thread.GetCurrentProcessorId() & _mask;
        ref Round round = ref _rounds[stripe];
        long start = Volatile.Read(ref round.Start);
        if (now < start)
        {
            TakeIn(Pack(label, value), now); // older than all in the ring, perhaps by much
            return false;
        }

        bool isNext = now - start > LongestRound;
        if (isNext)
        {
            EmptyRing(stripe);
            Volatile.Write(ref round.Start, now);
        }

        if (now > Volatile.Read(ref round.Latest))
        {
            Volatile.Write(ref round.Latest, now);
        }

        // Not atomic: two threads that get the same place are as a full ring, and one of the two answers is taken in by itself.
        int place = ++round.Next & (RingSize - 1);
        ulong before = Interlocked.Exchange(ref _rings[(stripe * RingSize) + place], Pack(label, value));
        if (before != NoAnswer)
        {
            TakeIn(before, now);
        }

        if (place == RingSize - 1)
        {
            EmptyRing(stripe);
        }

        return isNext;
    }

    /// <summary>Labels over a window, as of now.</summary>
    /// <param name="window">The window's index: 0 is the shortest.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="shares">Gets the share of each bucket.</param>
    public LabelSnapshot Labels(int window, long now, Span<double> shares)
    {
        EmptyAll();
        return _labels.Snapshot(window, now, shares);
    }

    /// <summary>Values over a window, as of now.</summary>
    /// <param name="window">The window's index: 0 is the shortest.</param>
    /// <param name="now">Nanoseconds.</param>
    public ValueSnapshot Values(int window, long now)
    {
        EmptyAll();
        return _values.Snapshot(window, now);
    }

    /// <summary>Forgets everything, for another use. What is added meanwhile may stay or go.</summary>
    public void Clear()
    {
        if (_whole is not null)
        {
            EmptyAll(); // what is forgotten here is not forgotten there
        }

        for (int i = 0; i < _rings.Length; i++)
        {
            Volatile.Write(ref _rings[i], NoAnswer);
        }

        _labels.Clear();
        _values.Clear();
    }

    /// <summary>Takes one answer through all of it and forgets it, so that tables are made now and not during a query.</summary>
    public void WarmUp()
    {
        Add(0, 1, now: 1);
        EmptyAll();
        Clear();
    }

    private static ulong Pack(int label, float value) =>
        ((ulong)(uint)label << 32) | BitConverter.SingleToUInt32Bits(float.IsFinite(value) ? value : float.NegativeInfinity);

    /// <summary>Takes in what is in the rings.</summary>
    public void EmptyAll()
    {
        for (int stripe = 0; stripe <= _mask; stripe++)
        {
            EmptyRing(stripe);
        }
    }

    /// <summary>Empties a ring: labels that came several times, or share a bucket, are counted at once.</summary>
    /// <remarks>Compiled once and for all: its loops would otherwise be replaced while they run, on the thread of a query.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void EmptyRing(int stripe)
    {
        long before = Volatile.Read(ref _rounds[stripe].Latest);
        Span<float> values = stackalloc float[RingSize];
        Span<int> buckets = stackalloc int[RingSize];
        Span<byte> times = stackalloc byte[_labels.Buckets]; // at most RingSize
        times.Clear();
        int count = 0;
        int labelled = 0;
        foreach (ref ulong place in _rings.AsSpan(stripe * RingSize, RingSize))
        {
            ulong word = Volatile.Read(ref place) == NoAnswer ? NoAnswer : Interlocked.Exchange(ref place, NoAnswer);
            if (word == NoAnswer)
            {
                continue;
            }

            values[count++] = BitConverter.UInt32BitsToSingle((uint)word);
            if ((int)(word >> 32) is >= 0 and int label)
            {
                int bucket = _labels.BucketOf(label);
                buckets[labelled] = bucket;
                labelled += times[bucket]++ == 0 ? 1 : 0;
            }
        }

        // A thread writes its time before it puts its answer (by exchange), so the time read after the taking covers all that was taken.
        // If a silence lies between the two readings, what was taken is from before it.
        long time = Volatile.Read(ref _rounds[stripe].Latest);
        time = before == 0 || time - before <= LongestRound ? time : before;
        _values.Add(values[..count], time);
        _whole?._values.Add(values[..count], time);
        foreach (int bucket in buckets[..labelled])
        {
            _labels.Add(bucket, time, times[bucket]);
            _whole?._labels.Add(bucket, time, times[bucket]);
        }
    }

    private void TakeIn(ulong word, long time)
    {
        if ((int)(word >> 32) is >= 0 and int label)
        {
            _labels.Add(label, time);
            _whole?._labels.Add(label, time);
        }

        float value = BitConverter.UInt32BitsToSingle((uint)word);
        _values.Add(value, time);
        _whole?._values.Add(value, time);
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Round
    {
        [FieldOffset(64)]
        public long Start;

        [FieldOffset(72)]
        public long Latest;

        [FieldOffset(80)]
        public int Next;
    }
}
