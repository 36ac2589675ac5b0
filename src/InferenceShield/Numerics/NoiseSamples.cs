#pragma warning disable RS0030 // Vector loads and stores over spans; lengths bound every one.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Fills rows with samples that are a function of key, cell and position.</summary>
/// <remarks>Groups of 32 samples, each from its own blocks of the stream, so a row is the start of every longer one.</remarks>
internal static class NoiseSamples
{
    /// <summary>Samples in a group.</summary>
    public const int Group = 32;

    private const int Half = 16;
    private const int GroupsAtOnce = 16;

    /// <summary>Writes the samples, and gives their sum in the order of <see cref="LaneSums"/>.</summary>
    public static double Fill<TSampler>(in CounterRandom random, Hash128 cell, Span<double> samples)
        where TSampler : struct, INoiseSampler
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return FillScalar<TSampler>(in random, cell, samples);
        }

        Span<uint> words = stackalloc uint[Math.Min(GroupsAtOnce, GroupsOf(samples.Length)) * TSampler.WordsInGroup];
        Span<double> sums = stackalloc double[LaneSums.Lanes];
        sums.Clear();
        int at = 0;
        while (at < samples.Length)
        {
            Span<double> part = samples[at..Math.Min(at + (GroupsAtOnce * Group), samples.Length)];
            Span<uint> partWords = words[..(GroupsOf(part.Length) * TSampler.WordsInGroup)];
            random.Fill(cell, BlockOf<TSampler>(at / Group), partWords);
            Convert<TSampler>(partWords, part, sums);
            at += part.Length;
        }

        return LaneSums.Fold(sums);
    }

    /// <summary>The portable twin of <see cref="Fill"/>.</summary>
    public static double FillScalar<TSampler>(in CounterRandom random, Hash128 cell, Span<double> samples)
        where TSampler : struct, INoiseSampler
    {
        Span<uint> words = stackalloc uint[TSampler.WordsInGroup];
        Span<double> sums = stackalloc double[LaneSums.Lanes];
        sums.Clear();
        for (int i = 0; i < samples.Length; i++)
        {
            if (i % Group == 0)
            {
                random.Fill(cell, BlockOf<TSampler>(i / Group), words);
            }

            samples[i] = TSampler.Sample(words, i % Group);
            sums[i % LaneSums.Lanes] += samples[i];
        }

        return LaneSums.Fold(sums);
    }

    /// <summary>The block of the stream that a group's words start at.</summary>
    public static uint BlockOf<TSampler>(int group)
        where TSampler : struct, INoiseSampler => (uint)group * (uint)(TSampler.WordsInGroup / CounterRandom.WordsInBlock);

    /// <summary>The groups that hold so many samples.</summary>
    public static int GroupsOf(int samples) => (samples + Group - 1) / Group;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Convert<TSampler>(ReadOnlySpan<uint> words, Span<double> samples, Span<double> sums)
        where TSampler : struct, INoiseSampler
    {
        ref uint word = ref MemoryMarshal.GetReference(words);
        ref double first = ref MemoryMarshal.GetReference(samples);
        Vector512<double> sumsLow = Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(sums));
        Vector512<double> sumsHigh = Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(sums), 8);
        nuint second = (nuint)(uint)(TSampler.WordsInGroup - Half);
        nuint at = 0;
        int whole = samples.Length / Group;
        for (int group = 0; group < whole; group++)
        {
            (Vector512<float> low, Vector512<float> high) =
                TSampler.Sample(Vector512.LoadUnsafe(ref word), Vector512.LoadUnsafe(ref word, second));
            word = ref Unsafe.Add(ref word, TSampler.WordsInGroup);
            Vector512<double> quarter0 = Vector512.WidenLower(low);
            Vector512<double> quarter1 = Vector512.WidenUpper(low);
            Vector512<double> quarter2 = Vector512.WidenLower(high);
            Vector512<double> quarter3 = Vector512.WidenUpper(high);
            quarter0.StoreUnsafe(ref first, at);
            quarter1.StoreUnsafe(ref first, at + 8);
            quarter2.StoreUnsafe(ref first, at + 16);
            quarter3.StoreUnsafe(ref first, at + 24);
            sumsLow = sumsLow + quarter0 + quarter2;
            sumsHigh = sumsHigh + quarter1 + quarter3;
            at += Group;
        }

        sumsLow.StoreUnsafe(ref MemoryMarshal.GetReference(sums));
        sumsHigh.StoreUnsafe(ref MemoryMarshal.GetReference(sums), 8);
        int rest = samples.Length % Group;
        if (rest > 0)
        {
            (Vector512<float> low, Vector512<float> high) =
                TSampler.Sample(Vector512.LoadUnsafe(ref word), Vector512.LoadUnsafe(ref word, second));
            Span<float> last = stackalloc float[Group];
            low.CopyTo(last);
            high.CopyTo(last[Half..]);
            Span<double> end = samples[(int)at..];
            for (int i = 0; i < end.Length; i++)
            {
                end[i] = last[i];
                sums[i % LaneSums.Lanes] += last[i];
            }
        }
    }
}
