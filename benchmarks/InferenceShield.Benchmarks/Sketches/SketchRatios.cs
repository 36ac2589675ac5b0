using System.Globalization;

namespace InferenceShield.Benchmarks;

/// <summary>The sketches against straightforward C#, in one process. Only the ratios mean anything on a shared machine.</summary>
public static class SketchRatios
{
    private const int Precision = 12;
    private const int Items = 1 << 16;

    private static double s_sink;

    /// <summary>Runs every comparison. Right of the time and the bytes per operation stand, for each candidate of the
    /// group in order, its time over this one's: above 1, this one is faster.</summary>
    public static void Run(TextWriter output)
    {
        SketchKey key = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"));
        ulong[] items = new ulong[Items];
        ulong[] hashes = new ulong[Items];
        for (int i = 0; i < Items; i++)
        {
            items[i] = (ulong)i * 0x9e3779b97f4a7c15;
            hashes[i] = key.Hash(items[i]);
        }

        RunAdd(output, key, items, hashes);
        RunEstimate(output, key, 1_000);
        RunEstimate(output, key, 100_000);
        RunEstimate(output, key, 10_000_000);
        RunMerge(output, key);
        RunCountMin(output, key, items, hashes);
        RunSpaceSaving(output, key, items);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nchecksum {s_sink:0}"));
    }

    private static void RunAdd(TextWriter output, SketchKey key, ulong[] items, ulong[] hashes)
    {
        TextbookHyperLogLog textbook = new(Precision);
        HyperLogLog hyperLogLog = new(Precision, key);
        UltraLogLog ultraLogLog = new(Precision, key);
        new SketchTimer(output)
            .With("HyperLogLog.Add", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    hyperLogLog.Add(items[i & (Items - 1)]);
                }
            })
            .With("UltraLogLog.Add", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    ultraLogLog.Add(items[i & (Items - 1)]);
                }
            })
            .With("HyperLogLog.AddHash", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    hyperLogLog.AddHash(hashes[i & (Items - 1)]);
                }
            })
            .With("UltraLogLog.AddHash", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    ultraLogLog.AddHash(hashes[i & (Items - 1)]);
                }
            })
            .With("textbook add (XxHash64 of GetBytes)", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    textbook.Add(items[i & (Items - 1)]);
                }
            })
            .With("textbook add, no allocation", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    textbook.AddWithoutAllocation(items[i & (Items - 1)]);
                }
            })
            .With("textbook add of a hash", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    textbook.AddHash(hashes[i & (Items - 1)]);
                }
            })
            .Run("add, p = 12, 65 536 items");
    }

    private static void RunEstimate(TextWriter output, SketchKey key, int distinct)
    {
        TextbookHyperLogLog textbook = new(Precision);
        HyperLogLog hyperLogLog = new(Precision, key);
        UltraLogLog ultraLogLog = new(Precision, key);
        for (ulong i = 0; i < (ulong)distinct; i++)
        {
            ulong hash = key.Hash(i);
            textbook.AddHash(hash);
            hyperLogLog.AddHash(hash);
            ultraLogLog.AddHash(hash);
        }

        new SketchTimer(output)
            .With("HyperLogLog.Estimate", count => Repeat(count, hyperLogLog.Estimate))
            .With("UltraLogLog.Estimate", count => Repeat(count, ultraLogLog.Estimate))
            .With("UltraLogLog.EstimateMaximumLikelihood", count => Repeat(count, ultraLogLog.EstimateMaximumLikelihood))
            .With("textbook estimate (Math.Pow)", count => Repeat(count, textbook.Estimate))
            .With("textbook estimate by histogram", count => Repeat(count, textbook.EstimateByHistogram))
            .Run(string.Create(CultureInfo.InvariantCulture,
                $"estimate, p = 12, {distinct} items: HLL {hyperLogLog.Estimate():0}, textbook {textbook.Estimate():0} and {textbook.EstimateByHistogram():0}, ULL {ultraLogLog.Estimate():0}, ML {ultraLogLog.EstimateMaximumLikelihood():0}"));
    }

    private static void RunMerge(TextWriter output, SketchKey key)
    {
        TextbookHyperLogLog[] textbook = [new(Precision), new(Precision)];
        HyperLogLog[] hyperLogLog = [new(Precision, key), new(Precision, key)];
        UltraLogLog[] ultraLogLog = [new(Precision, key), new(Precision, key)];
        for (ulong i = 0; i < 100_000; i++)
        {
            ulong hash = key.Hash(i);
            textbook[i & 1].AddHash(hash);
            hyperLogLog[i & 1].AddHash(hash);
            ultraLogLog[i & 1].AddHash(hash);
        }

        new SketchTimer(output)
            .With("HyperLogLog.Merge", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    hyperLogLog[0].Merge(hyperLogLog[1]);
                }
            })
            .With("UltraLogLog.Merge", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    ultraLogLog[0].Merge(ultraLogLog[1]);
                }
            })
            .With("HyperLogLog.MergeShared", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    hyperLogLog[0].MergeShared(hyperLogLog[1]);
                }
            })
            .With("textbook merge", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    textbook[0].Merge(textbook[1]);
                }
            })
            .Run("merge, p = 12");
    }

    private static void RunCountMin(TextWriter output, SketchKey key, ulong[] items, ulong[] hashes)
    {
        const int WidthBits = 11;
        TextbookCountMin plain = new(WidthBits);
        TextbookCountMin unrolled = new(WidthBits);
        TextbookCountMin atomicPlain = new(WidthBits);
        TextbookCountMin conservativePlain = new(WidthBits);
        CountMinSketch atomic = new(4, 1 << WidthBits, key);
        CountMinSketch conservative = new(4, 1 << WidthBits, key, CountMinUpdate.Conservative);
        new SketchTimer(output)
            .With("Conservative AddHash (adds and estimates)", count => Each(count, hashes, hash => conservative.AddHash(hash)))
            .With("Atomic AddHash (adds and estimates)", count => Each(count, hashes, hash => atomic.AddHash(hash)))
            .With("Conservative Add of a number", count => Each(count, items, item => conservative.Add(item)))
            .With("EstimateHash", count => Each(count, hashes, conservative.EstimateHash))
            .With("textbook, Math.Min", count => Each(count, hashes, plain.AddAndEstimate))
            .With("scalar, unrolled, Math.Min", count => Each(count, hashes, unrolled.AddAndEstimateUnrolled))
            .With("textbook, Math.Min, Interlocked", count => Each(count, hashes, atomicPlain.AddAndEstimateAtomically))
            .With("textbook, Math.Min, conservative", count => Each(count, hashes, conservativePlain.AddConservatively))
            .With("textbook, Math.Min, estimate only", count => Each(count, hashes, plain.Estimate))
            .Run("count-min, 4 x 2048, add + estimate, by hash (each with a delegate call)");
    }

    private static void RunSpaceSaving(TextWriter output, SketchKey key, ulong[] items)
    {
        // Half of the adds go to 64 items, the rest to all others.
        ulong[] skewed = [.. items.Select((item, index) => (index & 1) == 0 ? item & 63 : item)];
        SpaceSaving summary = new(1024, key);
        new SketchTimer(output)
            .With("SpaceSaving.Add, skewed", count =>
            {
                for (int i = 0; i < count; i++)
                {
                    summary.Add(skewed[i & (Items - 1)]);
                }
            })
            .Run("space-saving, 1024 entries");
    }

    private static void Each(int count, ulong[] values, Func<ulong, int> operation)
    {
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += operation(values[i & (Items - 1)]);
        }

        s_sink += sum;
    }

    private static void Repeat(int count, Func<double> operation)
    {
        for (int i = 0; i < count; i++)
        {
            s_sink += operation();
        }
    }
}
