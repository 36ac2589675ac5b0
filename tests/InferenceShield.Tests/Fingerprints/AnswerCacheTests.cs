using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;
using InferenceShield.Tests.Telemetry;
using Xunit;

namespace InferenceShield.Tests.Fingerprints;

public sealed class AnswerCacheTests
{
    [Fact]
    public void An_answer_comes_back_as_it_was_stored()
    {
        AnswerCache cache = new(capacity: 100, maxLength: 5);
        AnswerKey key = Key(1);
        float[] released = [9, 9, 9, 9, 9];
        Assert.False(cache.TryGet(in key, released, out int length));
        Assert.Equal(0, length);
        Assert.Equal([9, 9, 9, 9, 9], released);
        Assert.True(cache.Store(in key, [1, 2, 3]));
        Assert.True(cache.TryGet(in key, released, out length));
        Assert.Equal(3, length);
        Assert.Equal([1, 2, 3, 9, 9], released);
        Assert.Equal(new AnswerCacheStatistics(Hits: 1, Misses: 1, Stored: 1, Replaced: 0, Skipped: 0), cache.GetStatistics());
    }

    [Fact]
    public void A_key_that_differs_in_any_bit_gets_nothing()
    {
        // One set only, so that every key looks at the entry.
        AnswerCache cache = new(capacity: 4, maxLength: 1);
        AnswerKey key = new(new InputDigest(0x0123456789ABCDEF, 0xFEDCBA9876543210), 77, 3, 2);
        cache.Store(in key, [1]);
        float[] released = new float[1];
        Assert.True(cache.TryGet(in key, released, out _));
        for (int bit = 0; bit < 64; bit++)
        {
            ulong flip = 1UL << bit;
            Miss(key with { Digest = key.Digest with { Low = key.Digest.Low ^ flip } });
            Miss(key with { Digest = key.Digest with { High = key.Digest.High ^ flip } });
            Miss(key with { Epoch = key.Epoch ^ (long)flip });
            if (bit < 32)
            {
                Miss(key with { Output = key.Output ^ (int)(uint)flip });
                Miss(key with { Variant = key.Variant ^ (int)(uint)flip });
            }
        }

        void Miss(AnswerKey other) => Assert.False(cache.TryGet(in other, released, out _), other.ToString());
    }

    [Fact]
    public void The_default_key_is_a_key_like_any_other()
    {
        AnswerCache cache = new(capacity: 4, maxLength: 1);
        AnswerKey none = default;
        float[] released = new float[1];
        Assert.False(cache.TryGet(in none, released, out _));
        Assert.True(cache.Store(in none, [5]));
        Assert.True(cache.TryGet(in none, released, out _));
        Assert.Equal(5, released[0]);
        cache.Clear();
        Assert.False(cache.TryGet(in none, released, out _));
    }

    [Fact]
    public void Digests_that_agree_in_one_half_do_not_matter()
    {
        AnswerCache cache = new(capacity: 64, maxLength: 2);
        float[] released = new float[2];
        for (ulong high = 0; high < 1000; high++)
        {
            AnswerKey key = new(new InputDigest(42, high), 1, 0, 0);
            Assert.False(cache.TryGet(in key, released, out _));
            Assert.True(cache.Store(in key, [high, -(float)high]));
            Assert.True(cache.TryGet(in key, released, out _));
            Assert.Equal([high, -(float)high], released);
        }

        // All of one set: the others' room is not taken.
        Assert.Equal(1000 - AnswerCache.Ways, cache.GetStatistics().Replaced);
    }

    [Fact]
    public void A_hit_is_what_was_stored_whatever_happened_since()
    {
        // Keys from few values, so that sets, epochs and keys collide.
        Gen<(int Operation, AnswerKey Key)> step =
            Gen.Choose(0, 40).SelectMany(operation => Gen.Choose(0, 11).SelectMany(input => Gen.Choose(0, 2).SelectMany(epoch =>
                Gen.Choose(0, 1).Select(variant => (operation, Key(input, epoch, variant))))));
        Gen<(int Operation, AnswerKey Key)[]> histories = Gen.Choose(1, 200).SelectMany(n => Gen.ArrayOf(step, n));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(histories.ToArbitrary(), history =>
        {
            AnswerCache cache = new(capacity: 12, maxLength: 6);
            HashSet<AnswerKey> stored = [];
            float[] released = new float[6];
            long hits = 0;
            long misses = 0;
            foreach ((int operation, AnswerKey key) in history)
            {
                if (operation == 0)
                {
                    cache.Clear();
                    stored.Clear();
                }
                else if (operation < 20)
                {
                    Assert.True(cache.Store(in key, Answer(key)));
                    stored.Add(key);
                    Assert.True(cache.TryGet(in key, released, out int length));
                    Assert.Equal(Answer(key), released[..length]);
                    hits++;
                }
                else if (cache.TryGet(in key, released, out int length))
                {
                    Assert.Contains(key, stored);
                    Assert.Equal(Answer(key), released[..length]);
                    hits++;
                }
                else
                {
                    misses++;
                }
            }

            AnswerCacheStatistics statistics = cache.GetStatistics();
            Assert.Equal(hits, statistics.Hits);
            Assert.Equal(misses, statistics.Misses);
        }));
    }

    [Fact]
    public void Whatever_fits_stays()
    {
        // With four entries in one set, four answers have room; a fifth takes one of theirs.
        AnswerCache cache = new(capacity: 4, maxLength: 1);
        for (int i = 0; i < 4; i++)
        {
            cache.Store(Key(i), [i]);
        }

        Assert.Equal([0, 1, 2, 3], Held(cache, 10));
        Assert.Equal(0, cache.GetStatistics().Replaced);
        cache.Store(Key(4), [4]);
        Assert.Equal(4, Held(cache, 10).Length);
        Assert.Contains(4, Held(cache, 10));
        Assert.Equal(1, cache.GetStatistics().Replaced);
    }

    [Fact]
    public void What_is_used_outlives_what_is_not()
    {
        AnswerCache cache = new(capacity: 4, maxLength: 1);
        float[] released = new float[1];
        AnswerKey popular = Key(0);
        cache.Store(in popular, [0]);
        for (int i = 1; i < 500; i++)
        {
            Assert.True(cache.TryGet(in popular, released, out _), $"gone at {i}");
            cache.Store(Key(i), [i]);
        }
    }

    [Fact]
    public void An_older_epoch_never_answers_and_goes_first()
    {
        AnswerCache cache = new(capacity: 4, maxLength: 1);
        float[] released = new float[1];
        for (int i = 0; i < 4; i++)
        {
            cache.Store(Key(i, epoch: i == 2 ? 1 : 2), [i]);
            cache.TryGet(Key(i, epoch: i == 2 ? 1 : 2), released, out _); // all are in use
        }

        Assert.False(cache.TryGet(Key(2, epoch: 2), released, out _));
        cache.Store(Key(7, epoch: 2), [7]);
        Assert.False(cache.TryGet(Key(2, epoch: 1), released, out _));
        Assert.Equal([0, 1, 3, 7], Held(cache, 10, epoch: 2));
    }

    [Fact]
    public void A_late_answer_of_an_older_epoch_does_not_serve_the_new_one()
    {
        AnswerCache cache = new(capacity: 4, maxLength: 1);
        cache.Store(Key(1, epoch: 5), [5]);
        cache.Store(Key(1, epoch: 4), [4]);
        float[] released = new float[1];
        Assert.True(cache.TryGet(Key(1, epoch: 5), released, out _));
        Assert.Equal(5, released[0]);
    }

    [Fact]
    public void Outputs_and_variants_of_one_input_have_room()
    {
        AnswerCache cache = new(capacity: 256, maxLength: 1);
        for (int i = 0; i < 32; i++)
        {
            cache.Store(new AnswerKey(new InputDigest(1, 1), 1, i / 2, i % 2), [i]);
        }

        // In one set there would be 28.
        Assert.InRange(cache.GetStatistics().Replaced, 0, 3);
    }

    [Fact]
    public void Clear_leaves_nothing()
    {
        AnswerCache cache = new(capacity: 40, maxLength: 3);
        for (int i = 0; i < 100; i++)
        {
            cache.Store(Key(i), [i, i, i]);
        }

        cache.Clear();
        Assert.Empty(Held(cache, 100));
        cache.Store(Key(3), [3]);
        Assert.Equal([3], Held(cache, 100));
    }

    [Fact]
    public void The_first_answer_under_a_key_stays()
    {
        AnswerCache cache = new(capacity: 4, maxLength: 1);
        Assert.True(cache.Store(Key(1), [1]));
        Assert.True(cache.Store(Key(1), [2]));
        float[] released = new float[1];
        Assert.True(cache.TryGet(Key(1), released, out _));
        Assert.Equal(1, released[0]);
        Assert.Equal(1, cache.GetStatistics().Stored);
    }

    [Fact]
    public void Lengths_are_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new AnswerCache(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AnswerCache(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AnswerCache(int.MaxValue, 2));
        AnswerCache cache = new(capacity: 5, maxLength: 2);
        Assert.Equal(8, cache.Capacity);
        Assert.Equal(2, cache.MaxLength);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Store(Key(1), []));
        Assert.False(cache.Store(Key(1), [1, 2, 3]));
        Assert.Equal(1, cache.GetStatistics().Skipped);
        Assert.True(cache.Store(Key(1), [1, 2]));
        Assert.Throws<ArgumentException>(() => cache.TryGet(Key(1), new float[1], out _));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(32, true)]
    public void No_thread_ever_gets_a_torn_answer_or_anothers(int capacity, bool clears)
    {
        const int Length = 48;
        const int Keys = 24;
        AnswerCache cache = new(capacity, Length);
        AnswerKey[] keys = [.. Enumerable.Range(0, Keys).Select(i => Key(i, epoch: i % 2))];
        float[][] answers = [.. keys.Select((_, i) => Enumerable.Range(0, 1 + i * 2).Select(j => i * 1000f + j).ToArray())];
        long[] hits = new long[8];
        Together.Run(8, number =>
        {
            Random random = new(number);
            float[] released = new float[Length];
            for (int i = 0; i < 300_000; i++)
            {
                int k = random.Next(Keys);
                released.AsSpan().Fill(-1);
                if (cache.TryGet(in keys[k], released, out int length))
                {
                    if (length != answers[k].Length || !released.AsSpan(0, length).SequenceEqual(answers[k]))
                    {
                        Assert.Fail($"answer {k} is torn");
                    }

                    hits[number]++;
                }
                else
                {
                    if (released.AsSpan().ContainsAnyExcept(-1, 0))
                    {
                        Assert.Fail($"a miss left something of an answer in the buffer for {k}");
                    }

                    cache.Store(in keys[k], answers[k]);
                }

                if (clears && number == 0 && random.Next(4000) == 0)
                {
                    cache.Clear();
                }
            }
        });
        AnswerCacheStatistics statistics = cache.GetStatistics();
        Assert.Equal(hits.Sum(), statistics.Hits);
        Assert.Equal(statistics.Misses, statistics.Stored + statistics.Skipped + Repeats(statistics));
        Assert.True(statistics.Hits > 10_000 && statistics.Replaced > 10_000, statistics.ToString());

        // Two threads missed the same key and the second found the first's answer there.
        static long Repeats(AnswerCacheStatistics s)
        {
            long repeats = s.Misses - s.Stored - s.Skipped;
            Assert.InRange(repeats, 0, s.Misses / 2);
            return repeats;
        }
    }

    [Fact]
    public void Getting_and_storing_allocate_nothing_and_the_memory_is_as_stated()
    {
        Assert.Equal(64, Unsafe.SizeOf<AnswerCacheEntry>());
        _ = new AnswerCache(4, 1);
        Assert.InRange(Allocations.Least(() => GC.KeepAlive(new AnswerCache(capacity: 100_000, maxLength: 10)), expected: 100_000 * (64 + 40 + 1) + 5 * 64 * 136), 100_000 * (64 + 40), 100_000 * (64 + 40 + 1) + 5 * 64 * 136);
        AnswerCache cache = new(capacity: 100_000, maxLength: 10);
        float[] answer = new float[10];
        Assert.Equal(0, Together.Allocated(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                AnswerKey key = Key(i);
                cache.TryGet(in key, answer, out _);
                cache.Store(in key, answer);
            }

            cache.GetStatistics();
        }));
    }

    private static AnswerKey Key(int input, long epoch = 1, int variant = 0)
    {
        Hash128 hash = SipHash.Hash(default, (ulong)input, 0, 0);
        return new AnswerKey(new InputDigest(hash.Low, hash.High), epoch, 0, variant);
    }

    private static float[] Answer(AnswerKey key) =>
        [key.Digest.Low >> 48, key.Digest.High >> 48, key.Epoch, key.Variant, .. key.Epoch == 0 ? new float[] { 1, 2 } : []];

    private static int[] Held(AnswerCache cache, int inputs, long epoch = 1)
    {
        float[] released = new float[cache.MaxLength];
        return [.. Enumerable.Range(0, inputs).Where(i => cache.TryGet(Key(i, epoch), released, out _))];
    }
}
