namespace InferenceShield;

/// <summary>Released answers by what they are a function of, so that an identical query needs no model.</summary>
/// <remarks>
/// <para>Holds a fixed number of answers of a fixed greatest length, in memory taken when it is made: per answer
/// <see cref="AnswerCacheEntry.SizeInBytes"/> bytes and 4 for each number. Answers are copied in and out; nothing is
/// allocated afterwards. Only a shield stores, and only what it released, so a cache gives away nothing that was
/// not, and what a caller sends can never become an answer.</para>
/// <para>Sets of <see cref="Ways"/> entries. The set follows from the digest, which is keyed: nobody without the secret can
/// aim at a set. The whole key is compared (128 bits of digest, epoch, output, variant), so a hit is a wrong one only
/// if two inputs have the same digest; answers are as distinct as the digests they are stored under. An entry of another
/// epoch never answers, and one of an older epoch is replaced first; else CLOCK (Corbato, 1968) spares what was used
/// since its hand last passed.</para>
/// <para>Thread-safe. Each entry is a seqlock. A writer makes the version odd by compare-and-swap, writes, makes it even
/// again; if it finds the entry taken it gives up, for a cache may forget. A reader copies the answer, then looks whether the
/// version is still the even one it saw first; if not, that is a miss. So neither ever waits or retries: a call is
/// bounded. References to immutable entries would make Store allocate, and pooling those would need the version anyway.</para>
/// <para>Consistency: an answer given out is, number for number, one that a single Store put in under exactly that key.
/// After <see cref="Clear"/> has returned, no answer is given out whose Store had ended when Clear began.</para>
/// <para>A hit takes less time than a run of the model: who measures can tell that somebody asked the same before. Where
/// callers must not learn that of each other, the variant has to tell them apart.</para>
/// </remarks>
internal sealed class AnswerCache
{
    /// <summary>Entries in a set.</summary>
    public const int Ways = 4;

    private readonly AnswerCacheEntry[] _entries;
    private readonly float[] _answers;
    private readonly int[] _hands;
    private readonly StripedCounter _hits = new();
    private readonly StripedCounter _misses = new();
    private readonly StripedCounter _stored = new();
    private readonly StripedCounter _replaced = new();
    private readonly StripedCounter _skipped = new();

    /// <summary>Takes the memory of a cache.</summary>
    /// <param name="capacity">Answers it holds: 1 or more; rounded up to a multiple of <see cref="Ways"/>.</param>
    /// <param name="maxLength">Numbers in the longest answer: 1 or more. All answers together may have up to 2^31 - 57.</param>
    public AnswerCache(int capacity, int maxLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        long entries = ((long)capacity + Ways - 1) / Ways * Ways;
        if (entries * maxLength > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity,
                $"{capacity:N0} answers of {maxLength:N0} numbers are more than {Array.MaxLength:N0} numbers. Cache fewer.");
        }

        MaxLength = maxLength;
        _entries = new AnswerCacheEntry[entries];
        _answers = new float[entries * maxLength];
        _hands = new int[entries / Ways];
    }

    /// <summary>Answers it can hold.</summary>
    public int Capacity => _entries.Length;

    /// <summary>Numbers in the longest answer it can hold.</summary>
    public int MaxLength { get; }

    /// <summary>Gets the answer stored under a key.</summary>
    /// <param name="key">All of it must agree.</param>
    /// <param name="released">Gets the answer. On a miss it is as it was, or zeros where an answer was just being replaced.</param>
    /// <param name="length">The numbers in the answer, 0 on a miss.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ArgumentException">The answer is longer than <paramref name="released"/>.</exception>
    public bool TryGet(in AnswerKey key, Span<float> released, out int length)
    {
        int first = FirstOf(in key);
        for (int i = first; i < first + Ways; i++)
        {
            ref AnswerCacheEntry entry = ref _entries[i];
            long version = Volatile.Read(ref entry.Version);
            if (!Holds(in entry, in key))
            {
                continue;
            }

            // Plain reads of what a writer may be changing: nothing is believed before the version has been looked at again,
            // but a length is at any time 0 to MaxLength, and so safe to copy by.
            int stored = entry.Length;
            bool fits = stored <= released.Length;
            if (fits)
            {
                Answer(i)[..stored].CopyTo(released);
            }

            // Keeps all the reading before the second look at the version.
            Volatile.ReadBarrier();
            if ((version & 1) != 0 || Volatile.Read(ref entry.Version) != version || stored == 0)
            {
                // Parts of someone else's answer must not be left in a buffer that a failing model would not fill.
                released[..(fits ? stored : 0)].Clear();
                continue;
            }

            if (!fits)
            {
                throw new ArgumentException($"The answer has {stored:N0} numbers; there is room for {released.Length:N0}.", nameof(released));
            }

            // Written only if it changes, so that a popular answer's line can stay in every processor's cache.
            if (Volatile.Read(ref entry.Referenced) == 0)
            {
                Volatile.Write(ref entry.Referenced, 1);
            }

            _hits.Increment();
            length = stored;
            return true;
        }

        _misses.Increment();
        length = 0;
        return false;
    }

    /// <summary>Keeps a released answer; an answer already kept under the key stays, being the same.</summary>
    /// <param name="key">What the answer is a function of.</param>
    /// <param name="released">The answer as released: at least one number.</param>
    /// <returns>Whether it is kept. It is not if it is longer than <see cref="MaxLength"/>, or if other threads are writing
    /// in its place.</returns>
    public bool Store(in AnswerKey key, ReadOnlySpan<float> released)
    {
        ArgumentOutOfRangeException.ThrowIfZero(released.Length, nameof(released));
        if (released.Length <= MaxLength)
        {
            int first = FirstOf(in key);
            for (int i = first; i < first + Ways; i++)
            {
                ref AnswerCacheEntry entry = ref _entries[i];
                long version = Volatile.Read(ref entry.Version);
                bool held = entry.Length > 0 && Holds(in entry, in key);
                Volatile.ReadBarrier();
                if (held && (version & 1) == 0 && Volatile.Read(ref entry.Version) == version)
                {
                    return true;
                }
            }

            int victim = FindVictim(first, key.Epoch);
            if (victim >= 0 && TryWrite(victim, in key, released))
            {
                return true;
            }
        }

        _skipped.Increment();
        return false;
    }

    /// <summary>Forgets and erases all answers. Waits for writers that are under way; readers and new writers go on.</summary>
    public void Clear()
    {
        for (int i = 0; i < _entries.Length; i++)
        {
            ref AnswerCacheEntry entry = ref _entries[i];
            SpinWait wait = default;
            while (!TryTake(ref entry))
            {
                wait.SpinOnce();
            }

            entry.Key = default;
            entry.Length = 0;
            entry.Referenced = 0;
            Answer(i).Clear();
            GiveBack(ref entry);
        }
    }

    /// <summary>What the cache has counted.</summary>
    public AnswerCacheStatistics GetStatistics() => new(_hits.Sum, _misses.Sum, _stored.Sum, _replaced.Sum, _skipped.Sum);

    private static bool Holds(in AnswerCacheEntry entry, in AnswerKey key) =>
        entry.Key.Digest.Low == key.Digest.Low
        && entry.Key.Digest.High == key.Digest.High
        && entry.Key.Epoch == key.Epoch
        && entry.Key.Output == key.Output
        && entry.Key.Variant == key.Variant;

    private static bool TryTake(ref AnswerCacheEntry entry)
    {
        long version = Volatile.Read(ref entry.Version);
        if ((version & 1) != 0 || Interlocked.CompareExchange(ref entry.Version, version + 1, version) != version)
        {
            return false;
        }

        // Whoever sees anything written from now on must also see the odd version.
        Volatile.WriteBarrier();
        return true;
    }

    private static void GiveBack(ref AnswerCacheEntry entry) => Volatile.Write(ref entry.Version, entry.Version + 1);

    /// <summary>The first entry of a key's set. Outputs and variants of one input spread over sets (by 2^64/phi), else the
    /// answers of a model with many outputs would push each other out.</summary>
    private int FirstOf(in AnswerKey key)
    {
        ulong answer = ((ulong)(uint)key.Output << 32) | (uint)key.Variant;
        return (int)Math.BigMul(key.Digest.Low + answer * 0x9E37_79B9_7F4A_7C15, (ulong)_hands.Length, out _) * Ways;
    }

    private Span<float> Answer(int entry) => _answers.AsSpan(entry * MaxLength, MaxLength);

    /// <summary>The entry to write: an empty one, one of an older epoch, one not used lately; -1 if all are being written.</summary>
    /// <remarks>Looks at entries without their versions. What it sees may be out of date: then a good answer goes, never a wrong
    /// one comes.</remarks>
    private int FindVictim(int first, long epoch)
    {
        for (int i = first; i < first + Ways; i++)
        {
            if ((_entries[i].Length == 0 || _entries[i].Key.Epoch < epoch) && (Volatile.Read(ref _entries[i].Version) & 1) == 0)
            {
                return i;
            }
        }

        ref int hand = ref _hands[first / Ways];
        for (int step = 0; step < 2 * Ways; step++)
        {
            int i = first + (Volatile.Read(ref hand) & (Ways - 1));
            Volatile.Write(ref hand, i - first + 1);
            if ((Volatile.Read(ref _entries[i].Version) & 1) != 0)
            {
                continue;
            }

            if (Volatile.Read(ref _entries[i].Referenced) == 0)
            {
                return i;
            }

            Volatile.Write(ref _entries[i].Referenced, 0);
        }

        return -1;
    }

    private bool TryWrite(int index, in AnswerKey key, ReadOnlySpan<float> released)
    {
        ref AnswerCacheEntry entry = ref _entries[index];
        if (!TryTake(ref entry))
        {
            return false;
        }

        bool replaces = entry.Length > 0;
        entry.Key = key;
        entry.Length = released.Length;
        entry.Referenced = 0;
        released.CopyTo(Answer(index));
        GiveBack(ref entry);
        _stored.Increment();
        if (replaces)
        {
            _replaced.Increment();
        }

        return true;
    }
}
