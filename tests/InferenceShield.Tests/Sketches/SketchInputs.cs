using System.Security.Cryptography;

namespace InferenceShield.Tests;

/// <summary>Keys and hash streams of the sketch tests: the same in every run.</summary>
public static class SketchInputs
{
    /// <summary>All precisions that there are.</summary>
    public static TheoryData<int> Precisions => [.. Enumerable.Range(4, 13)];

    public static SketchKey Key { get; } = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"));

    public static SketchKey OtherKey { get; } = new(Convert.FromHexString("f0e1d2c3b4a5968778695a4b3c2d1e0f"));

    /// <summary>Uniform hashes, by SplitMix64; every 16th with up to 60 zeros put after its first 16 bits, so that all
    /// levels occur.</summary>
    public static ulong[] Hashes(ulong seed, int count)
    {
        ulong[] hashes = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            hashes[i] = Next(ref seed);
            if (i % 16 == 15)
            {
                hashes[i] = (hashes[i] & 0xffff_0000_0000_0000) | ((hashes[i] & 0x0000_ffff_ffff_ffff) >> (int)(Next(ref seed) % 61));
            }
        }

        return hashes;
    }

    public static ulong Next(ref ulong state)
    {
        state += 0x9e3779b97f4a7c15;
        ulong value = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    /// <summary>128 bits that change if any state does.</summary>
    public static string Fingerprint(IEnumerable<byte[]> states)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] state in states)
        {
            hash.AppendData(state);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    /// <summary>Starts all actions at one moment, each on a thread of its own, and passes on what they throw.</summary>
    public static void RunTogether(int threads, Action<int> action)
    {
        using Barrier gate = new(threads);
        Exception? failure = null;
        Thread[] started = [.. Enumerable.Range(0, threads).Select(index => new Thread(() =>
        {
            try
            {
                gate.SignalAndWait();
                action(index);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
        }))];
        foreach (Thread thread in started)
        {
            thread.Start();
        }

        foreach (Thread thread in started)
        {
            thread.Join();
        }

        Assert.Null(failure);
    }
}
