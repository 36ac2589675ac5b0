#pragma warning disable RS0030 // Vector loads and stores over spans; lengths bound every one.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>From logits to noisy, rounded probabilities in four passes over floats, for wide rows.</summary>
/// <remarks>
/// <para>Every probability is rounded to whole steps of 1/units and then divided by the sum of all steps, so the answer
/// lies on a grid of its own, near that of the units, and not on the units' grid: use <see cref="GridRounding"/> where
/// a fixed grid is promised.</para>
/// <para>The same bits with any vectors and without: sums have one order (32 lanes, chunk by chunk), steps are whole
/// numbers, and products are fused where it says so.</para>
/// </remarks>
internal static class FusedNoise
{
    /// <summary>Elements whose sums are kept in floats before they are added up in double.</summary>
    internal const int Chunk = 1024;

    private const int Group = NoiseSamples.Group;
    private const int Half = Group / 2;

    /// <summary>The bits of infinity: NaN have more, finite numbers fewer.</summary>
    private const int Infinity = 0x7f80_0000;

    /// <summary>The first of the largest logits; -1 if any is not finite.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int FindTop(ReadOnlySpan<float> logits)
    {
        if (!Vector128.IsHardwareAccelerated || logits.Length < Half)
        {
            return FusedNoiseScalar.FindTop(logits);
        }

        ref float first = ref MemoryMarshal.GetReference(logits);
        nuint last = (nuint)(uint)(logits.Length - Half);
        Vector512<float> greatest = Vector512.LoadUnsafe(ref first, last);
        Vector512<float> greatest2 = greatest;
        Vector512<int> sizeBits = Vector512.Create(int.MaxValue);
        Vector512<int> sizes = greatest.AsInt32() & sizeBits;
        Vector512<int> sizes2 = sizes;
        for (nuint at = 0; at < last; at += Group)
        {
            // The second load may begin past the last one, which then stands in for it.
            Vector512<float> values = Vector512.LoadUnsafe(ref first, at);
            Vector512<float> values2 = Vector512.LoadUnsafe(ref first, at + Half < last ? at + Half : last);
            greatest = Vector512.MaxNative(greatest, values);
            greatest2 = Vector512.MaxNative(greatest2, values2);
            sizes = Vector512.Max(sizes, values.AsInt32() & sizeBits);
            sizes2 = Vector512.Max(sizes2, values2.AsInt32() & sizeBits);
        }

        if (Vector512.GreaterThanOrEqualAny(Vector512.Max(sizes, sizes2), Vector512.Create(Infinity)))
        {
            return -1;
        }

        float largest = Largest(Vector512.MaxNative(greatest, greatest2));
        Vector512<float> sought = Vector512.Create(largest);
        for (nuint at = 0; at < last; at += Half)
        {
            ulong found = Vector512.Equals(Vector512.LoadUnsafe(ref first, at), sought).ExtractMostSignificantBits();
            if (found != 0)
            {
                return (int)at + System.Numerics.BitOperations.TrailingZeroCount(found);
            }
        }

        ulong end = Vector512.Equals(Vector512.LoadUnsafe(ref first, last), sought).ExtractMostSignificantBits();
        return (int)last + System.Numerics.BitOperations.TrailingZeroCount(end);
    }

    /// <summary>exp((logit - largest) * inverse temperature) of every logit; returns their sum. The largest's is 1.</summary>
    /// <param name="logits">Finite.</param>
    /// <param name="largest">The largest of them.</param>
    /// <param name="inverseTemperature">Above 0.</param>
    /// <param name="weights">As long; may be the same span.</param>
    public static double Exponentiate(ReadOnlySpan<float> logits, float largest, float inverseTemperature, Span<float> weights)
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return FusedNoiseScalar.Exponentiate(logits, largest, inverseTemperature, weights);
        }

        double sum = 0;
        for (int at = 0; at < logits.Length; at += Chunk)
        {
            int length = Math.Min(Chunk, logits.Length - at);
            sum += ExponentiateChunk(logits.Slice(at, length), largest, inverseTemperature, weights.Slice(at, length));
        }

        return sum;
    }

    /// <summary>Adds noise to a distribution, rounds it to whole steps and divides it by their sum.</summary>
    /// <param name="weights">Not negative; overwritten by the answer: not negative, of sum 1, with one strict maximum.</param>
    /// <param name="sum">The sum of the weights, which makes them a distribution.</param>
    /// <param name="top">The class of the largest weight, and of the answer's.</param>
    /// <param name="scale">Of the noise: half its width (uniform), its scale (Laplace), its standard deviation (Gaussian).</param>
    /// <param name="units">Steps between 0 and 1, to 100,000. More than the row has classes, or most of them get none.</param>
    /// <param name="random">Draws.</param>
    /// <param name="cell">Of the stream.</param>
    /// <returns>No less than the L1 distance between the clean and the noisy distribution, before rounding.</returns>
    public static double Apply<TSampler>(
        Span<float> weights, double sum, int top, float scale, int units, in CounterRandom random, Hash128 cell)
        where TSampler : struct, INoiseSampler
    {
        if (!Vector128.IsHardwareAccelerated)
        {
            return FusedNoiseScalar.Apply<TSampler>(weights, sum, top, scale, units, in random, cell);
        }

        Span<uint> words = stackalloc uint[Math.Min(Chunk / Group, NoiseSamples.GroupsOf(weights.Length)) * TSampler.WordsInGroup];
        int topGroup = top / Group;
        bool isOneChunk = weights.Length <= Chunk;
        Span<uint> topWords = words.Slice(isOneChunk ? topGroup * TSampler.WordsInGroup : 0, TSampler.WordsInGroup);
        if (isOneChunk)
        {
            random.Fill(cell, 0, words);
        }
        else
        {
            random.Fill(cell, NoiseSamples.BlockOf<TSampler>(topGroup), topWords);
        }

        NoisyTop leader = new(weights[top], sum, TSampler.Sample(topWords, top % Group), scale, units, weights.Length);
        double noisy = leader.Added;
        double distance = leader.AddedDistance;
        long steps = 0;
        for (int at = 0; at < weights.Length; at += Chunk)
        {
            Span<float> part = weights.Slice(at, Math.Min(Chunk, weights.Length - at));
            Span<uint> partWords = words[..(NoiseSamples.GroupsOf(part.Length) * TSampler.WordsInGroup)];
            if (!isOneChunk)
            {
                random.Fill(cell, NoiseSamples.BlockOf<TSampler>(at / Group), partWords);
            }

            steps += ApplyChunk<TSampler>(part, partWords, leader, out float partNoisy, out float partDistance);
            noisy += partNoisy;
            distance += partDistance;
        }

        steps += leader.Steps - (long)weights[top];
        weights[top] = leader.Steps;
        Scale(weights, (float)(1.0 / steps));
        return distance + Math.Abs(noisy - 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static float ExponentiateChunk(ReadOnlySpan<float> logits, float largest, float inverseTemperature, Span<float> weights)
    {
        ref float source = ref MemoryMarshal.GetReference(logits);
        ref float target = ref MemoryMarshal.GetReference(weights);
        Vector512<float> most = Vector512.Create(largest);
        Vector512<float> inverse = Vector512.Create(inverseTemperature);
        Vector512<float> sumsLow = Vector512<float>.Zero;
        Vector512<float> sumsHigh = Vector512<float>.Zero;
        nuint whole = (nuint)(uint)(logits.Length & -Group);
        nuint at = 0;
        for (; at < whole; at += Group)
        {
            Vector512<float> low = Exponential.Exp((Vector512.LoadUnsafe(ref source, at) - most) * inverse);
            Vector512<float> high = Exponential.Exp((Vector512.LoadUnsafe(ref source, at + Half) - most) * inverse);
            low.StoreUnsafe(ref target, at);
            high.StoreUnsafe(ref target, at + Half);
            sumsLow += low;
            sumsHigh += high;
        }

        int rest = logits.Length - (int)whole;
        if (rest > 0)
        {
            Span<float> last = weights[(int)whole..];
            int count = Math.Min(rest, Half);
            Vector512<float> low = Exponential.Exp((PartialRow.Load(logits.Slice((int)whole, count)) - most) * inverse);
            sumsLow += low & Valid(count);
            PartialRow.Store(low, last[..count]);
            if (rest > Half)
            {
                Vector512<float> high = Exponential.Exp((PartialRow.Load(logits[((int)whole + Half)..]) - most) * inverse);
                sumsHigh += high & Valid(rest - Half);
                PartialRow.Store(high, last[Half..]);
            }
        }

        return Fold(sumsLow + sumsHigh);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static int ApplyChunk<TSampler>(Span<float> weights, ReadOnlySpan<uint> words, in NoisyTop top, out float noisy, out float distance)
        where TSampler : struct, INoiseSampler
    {
        ref float target = ref MemoryMarshal.GetReference(weights);
        ref uint word = ref MemoryMarshal.GetReference(words);
        Vector512<float> inverse = Vector512.Create(top.InverseSum);
        Vector512<float> scale = Vector512.Create(top.Scale);
        Vector512<float> cap = Vector512.Create(top.Noisy);
        Vector512<float> units = Vector512.Create(top.Units);
        Vector512<int> most = Vector512.Create(top.Steps - 1);
        Vector512<float> noisyLow = Vector512<float>.Zero;
        Vector512<float> noisyHigh = Vector512<float>.Zero;
        Vector512<float> distanceLow = Vector512<float>.Zero;
        Vector512<float> distanceHigh = Vector512<float>.Zero;
        Vector512<int> stepsLow = Vector512<int>.Zero;
        Vector512<int> stepsHigh = Vector512<int>.Zero;
        nuint second = (nuint)(uint)(TSampler.WordsInGroup - Half);
        nuint whole = (nuint)(uint)(weights.Length & -Group);
        nuint at = 0;
        Vector512<float> low;
        Vector512<float> high;
        for (; at < whole; at += Group)
        {
            (low, high) = TSampler.Sample(Vector512.LoadUnsafe(ref word), Vector512.LoadUnsafe(ref word, second));
            word = ref Unsafe.Add(ref word, TSampler.WordsInGroup);
            Vector512<float> clean = Vector512.LoadUnsafe(ref target, at) * inverse;
            low = Clip(Vector512.FusedMultiplyAdd(low, scale, clean), cap);
            noisyLow += low;
            distanceLow += Vector512.Abs(low - clean);
            Vector512<int> steps = Round(low, units, most);
            stepsLow += steps;
            Vector512.ConvertToSingle(steps).StoreUnsafe(ref target, at);
            clean = Vector512.LoadUnsafe(ref target, at + Half) * inverse;
            high = Clip(Vector512.FusedMultiplyAdd(high, scale, clean), cap);
            noisyHigh += high;
            distanceHigh += Vector512.Abs(high - clean);
            steps = Round(high, units, most);
            stepsHigh += steps;
            Vector512.ConvertToSingle(steps).StoreUnsafe(ref target, at + Half);
        }

        int rest = weights.Length - (int)whole;
        if (rest > 0)
        {
            Span<float> last = weights[(int)whole..];
            int count = Math.Min(rest, Half);
            (low, high) = TSampler.Sample(Vector512.LoadUnsafe(ref word), Vector512.LoadUnsafe(ref word, second));
            Vector512<float> clean = PartialRow.Load(last[..count]) * inverse;
            low = Clip(Vector512.FusedMultiplyAdd(low, scale, clean), cap);
            noisyLow += low & Valid(count);
            distanceLow += Vector512.Abs(low - clean) & Valid(count);
            Vector512<int> steps = Round(low, units, most);
            stepsLow += steps & Valid(count).AsInt32();
            PartialRow.Store(Vector512.ConvertToSingle(steps), last[..count]);
            if (rest > Half)
            {
                clean = PartialRow.Load(last[Half..]) * inverse;
                high = Clip(Vector512.FusedMultiplyAdd(high, scale, clean), cap);
                noisyHigh += high & Valid(rest - Half);
                distanceHigh += Vector512.Abs(high - clean) & Valid(rest - Half);
                steps = Round(high, units, most);
                stepsHigh += steps & Valid(rest - Half).AsInt32();
                PartialRow.Store(Vector512.ConvertToSingle(steps), last[Half..]);
            }
        }

        noisy = Fold(noisyLow + noisyHigh);
        distance = Fold(distanceLow + distanceHigh);
        return Vector512.Sum(stepsLow + stepsHigh);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Scale(Span<float> values, float factor)
    {
        ref float first = ref MemoryMarshal.GetReference(values);
        Vector512<float> factors = Vector512.Create(factor);
        int i = 0;
        for (; i + Group <= values.Length; i += Group)
        {
            nuint at = (nuint)(uint)i;
            (Vector512.LoadUnsafe(ref first, at) * factors).StoreUnsafe(ref first, at);
            (Vector512.LoadUnsafe(ref first, at + Half) * factors).StoreUnsafe(ref first, at + Half);
        }

        for (; i < values.Length; i += Half)
        {
            Span<float> last = values[i..Math.Min(i + Half, values.Length)];
            PartialRow.Store(PartialRow.Load(last) * factors, last);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Clip(Vector512<float> values, Vector512<float> cap)
    {
        // Nothing is NaN here, and which zero it is makes no difference to what follows.
        return Vector512.MinNative(Vector512.MaxNative(values, Vector512<float>.Zero), cap);
    }

    /// <summary>Half a step up, then down to whole ones: all are between 0 and 2^31.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Round(Vector512<float> values, Vector512<float> units, Vector512<int> most) =>
        Vector512.Min(Vector512.ConvertToInt32Native(Vector512.FusedMultiplyAdd(values, units, Vector512.Create(0.5f))), most);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector512<float> lanes)
    {
        Vector256<float> eight = Vector256.MaxNative(lanes.GetLower(), lanes.GetUpper());
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        return Math.Max(Math.Max(four[0], four[1]), Math.Max(four[2], four[3]));
    }

    /// <summary>The lanes before <paramref name="count"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Valid(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    /// <summary>The lanes of the upper half to the lower ones, until there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Fold(Vector512<float> lanes)
    {
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        Vector128<float> four = eight.GetLower() + eight.GetUpper();
        return four[0] + four[2] + (four[1] + four[3]);
    }
}
