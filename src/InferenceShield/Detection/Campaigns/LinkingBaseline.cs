using System.Numerics;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>How much honest callers resemble each other, at n = 11, 45 and 181. Immutable, thread-safe.</summary>
/// <remarks>Honest callers link to each other too: those who share a camera or a client do. So the size from which on a group is reported
/// comes of honest cohorts, by the number of callers that are compared.</remarks>
internal sealed class LinkingBaseline
{
    /// <summary>Honest callers at a number of queries below which they are not linked.</summary>
    public const int FewestCallers = 200;

    private const int Dimension = LinkingSpace.Dimension;
    private const int Cohorts = 400;
    private const int MostCallers = 20_000;
    private const double ShortShare = .8;
    private const double Quantile = .99;

    private static readonly int[] s_cohorts = [100, 200, 600, 2_000, 10_000];

    /// <summary>Queries at which callers are compared.</summary>
    public static readonly int[] Queries = [11, 45, 181];

    /// <summary>Cosines from which on two callers are neighbours.</summary>
    public static readonly float[] Cosines = [.85f, .95f, .95f];

    /// <summary>By n: honest callers' whitened vectors are shorter than this in 80 %.</summary>
    public required float[] Lengths { get; init; }

    /// <summary>By n, where whitening and standard deviations come from; null where callers were too few.</summary>
    public required VectorBaseline?[] Vectors { get; init; }

    /// <summary>By n x 24: standard deviations of whitened components over honest callers.</summary>
    public required float[][] Spreads { get; init; }

    /// <summary>By n: cohort sizes and, for each, the 99 % quantile of the largest neighbourhood over honest cohorts of that size.</summary>
    public required (int Cohort, int Size)[][] Sizes { get; init; }

    /// <summary>The 99 % quantile, over honest callers, of the share of queries that are nearly, but not exactly, another caller's; NaN, the
    /// default, where it was not measured: then nobody is linked by such queries.</summary>
    public float NearQueryShare { get; init; } = float.NaN;

    /// <summary>Fits to honest callers.</summary>
    /// <param name="means">By n: their mean vectors, 24 numbers each, one after another. Best of callers whom the whitening was not fitted to.</param>
    /// <param name="vectors">By n: the whitening; null where there is none.</param>
    /// <param name="seed">Which callers make up which cohort.</param>
    /// <param name="nearQueryShare">Theirs, as <see cref="NearQueryShare"/> has it.</param>
    /// <remarks>Takes at most 20,000 callers, those that come first. Cohorts are drawn of half of them at most, or they would all be the same.
    /// Some seconds for 20,000 callers.</remarks>
    public static LinkingBaseline Fit(float[][] means, VectorBaseline?[] vectors, ulong seed, float nearQueryShare = float.NaN)
    {
        ArgumentNullException.ThrowIfNull(means);
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfNotEqual(means.Length, Queries.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(vectors.Length, Queries.Length);
        LinkingBaseline baseline = new()
        {
            Lengths = new float[Queries.Length],
            Vectors = new VectorBaseline?[Queries.Length],
            Spreads = new float[Queries.Length][],
            Sizes = new (int, int)[Queries.Length][],
            NearQueryShare = nearQueryShare,
        };
        for (int at = 0; at < Queries.Length; at++)
        {
            int callers = Math.Min(means[at].Length / Dimension, MostCallers);
            bool isEnough = vectors[at] is not null && callers >= FewestCallers;
            baseline.Vectors[at] = isEnough ? vectors[at] : null;
            baseline.Spreads[at] = new float[Dimension];
            baseline.Sizes[at] = [];
            if (isEnough)
            {
                baseline.FitAt(at, means[at].AsSpan(0, callers * Dimension), seed);
            }
        }

        return baseline;
    }

    /// <summary>The size that the largest group of so many honest callers does not exceed in 99 %.</summary>
    /// <param name="at">Which n.</param>
    /// <param name="callers">Callers that are compared.</param>
    /// <remarks>On the line between two cohorts that were drawn, rounded up; beyond the largest in proportion to the callers: groups that share
    /// a cause grow so, chance ones slower.</remarks>
    public int SizeOf(int at, int callers)
    {
        (int Cohort, int Size) below = Sizes[at][0];
        if (callers <= below.Cohort)
        {
            return below.Size;
        }

        foreach ((int cohort, int size) in Sizes[at])
        {
            if (callers <= cohort)
            {
                return below.Size + RatioUp(size - below.Size, callers - below.Cohort, cohort - below.Cohort);
            }

            below = (cohort, size);
        }

        return RatioUp(below.Size, callers, below.Cohort);
    }

    private static int RatioUp(int size, int callers, int cohort) => (int)Math.Min(int.MaxValue / 2, (((long)size * callers) + cohort - 1) / cohort);

    private void FitAt(int at, ReadOnlySpan<float> means, ulong seed)
    {
        int callers = means.Length / Dimension;
        Spreads[at] = MeasureSpreads(means, Vectors[at]!);
        LinkingSpace space = new(Vectors[at]!, Spreads[at]);
        float[] directions = new float[means.Length];
        float[] lengths = new float[callers];
        for (int caller = 0; caller < callers; caller++)
        {
            int from = caller * Dimension;
            lengths[caller] = space.Direct(means.Slice(from, Dimension), directions.AsSpan(from));
        }

        float[] sorted = [.. lengths];
        Array.Sort(sorted);
        Lengths[at] = sorted[(int)(ShortShare * (callers - 1))];
        int[] far = [.. Enumerable.Range(0, callers).Where(caller => lengths[caller] > Lengths[at])];
        ulong[][] neighbours = Neighbours(directions, far, Cosines[at]);
        ulong state = seed ^ ((ulong)at << 56);
        int[] places = new int[callers];
        Array.Fill(places, -1);
        for (int i = 0; i < far.Length; i++)
        {
            places[far[i]] = i;
        }

        List<(int Cohort, int Size)> sizes = [];
        foreach (int cohort in s_cohorts.Append(callers / 2).Where(cohort => cohort <= callers / 2).Order().Distinct())
        {
            int size = LargestGroup(places, neighbours, cohort, ref state);
            sizes.Add((cohort, sizes.Count > 0 ? Math.Max(size, sizes[^1].Size) : size));
        }

        Sizes[at] = [.. sizes];
    }

    private static float[] MeasureSpreads(ReadOnlySpan<float> means, VectorBaseline vectors)
    {
        int callers = means.Length / Dimension;
        double[] sums = new double[Dimension];
        double[] squares = new double[Dimension];
        for (int from = 0; from < means.Length; from += Dimension)
        {
            for (int row = 0; row < Dimension; row++)
            {
                double value = 0;
                for (int column = 0; column < Dimension; column++)
                {
                    value += (double)vectors.Whitening[(row * Dimension) + column] * (means[from + column] - vectors.Mean[column]);
                }

                sums[row] += value;
                squares[row] += value * value;
            }
        }

        float[] spreads = new float[Dimension];
        for (int row = 0; row < Dimension; row++)
        {
            double mean = sums[row] / callers;
            spreads[row] = (float)Math.Sqrt(Math.Max(0, (squares[row] / callers) - (mean * mean)));
        }

        return spreads;
    }

    /// <summary>For each far caller a bit for each of its neighbours among them.</summary>
    private static ulong[][] Neighbours(ReadOnlySpan<float> directions, int[] far, float cosine)
    {
        int stride = CosineNeighbours.PaddedCount(far.Length);
        float[] columns = new float[Dimension * stride];
        for (int i = 0; i < far.Length; i++)
        {
            for (int component = 0; component < Dimension; component++)
            {
                columns[(component * stride) + i] = directions[(far[i] * Dimension) + component];
            }
        }

        int[] found = new int[stride];
        ulong[][] neighbours = new ulong[far.Length][];
        for (int i = 0; i < far.Length; i++)
        {
            ulong[] bits = neighbours[i] = new ulong[(far.Length + 63) / 64];
            foreach (int place in found.AsSpan(0, CosineNeighbours.Find(columns, stride, i, cosine, found)))
            {
                bits[place >> 6] |= 1UL << place;
            }
        }

        return neighbours;
    }

    /// <summary>The 99 % quantile of the largest neighbourhood over random cohorts, rounded up.</summary>
    private static int LargestGroup(int[] places, ulong[][] neighbours, int cohort, ref ulong state)
    {
        int[] callers = [.. Enumerable.Range(0, places.Length)];
        ulong[] members = new ulong[(neighbours.Length + 63) / 64];
        int[] largest = new int[Cohorts];
        for (int draw = 0; draw < Cohorts; draw++)
        {
            Array.Clear(members);
            for (int i = 0; i < cohort; i++)
            {
                int j = i + (int)(((UInt128)Next(ref state) * (ulong)(callers.Length - i)) >> 64);
                (callers[i], callers[j]) = (callers[j], callers[i]);
                int place = places[callers[i]];
                if (place >= 0)
                {
                    members[place >> 6] |= 1UL << place;
                }
            }

            largest[draw] = Largest(members, neighbours);
        }

        Array.Sort(largest);
        return largest[Math.Min(Cohorts - 1, (int)Math.Ceiling(Quantile * (Cohorts + 1)) - 1)];
    }

    private static int Largest(ulong[] members, ulong[][] neighbours)
    {
        int largest = 0;
        for (int word = 0; word < members.Length; word++)
        {
            for (ulong bits = members[word]; bits != 0; bits &= bits - 1)
            {
                ulong[] near = neighbours[(word << 6) | BitOperations.TrailingZeroCount(bits)];
                int size = 0;
                for (int i = 0; i < members.Length; i++)
                {
                    size += BitOperations.PopCount(near[i] & members[i]);
                }

                largest = Math.Max(largest, size);
            }
        }

        return largest;
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014).</summary>
    private static ulong Next(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
