using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Softmax (or probabilities), rounded to a grid by largest remainder, of rows of up to sixteen classes, all in
/// registers.</summary>
/// <remarks>The same operations in the same order as the passes for rows of any length, hence the same bits. What is rare
/// (faults, remainders too near to each other, a tie with the leader) is left to those.</remarks>
internal static class FewClasses
{
    /// <summary>The most classes of a row.</summary>
    public const int Most = 16;

    private const int Magnitude = 0x7FFFFFFF;
    private const int Infinity = 0x7F800000;
    private const int KeyShift = 32;

    /// <summary>Whether this machine has registers that are wide enough: with narrower ones the passes are faster.</summary>
    public static bool IsSupported => Vector512.IsHardwareAccelerated;

    /// <param name="clean">Two to sixteen scores.</param>
    /// <param name="logits">Whether they are logits; else probabilities.</param>
    /// <param name="sumTolerance">How far probabilities may sum from 1.</param>
    /// <param name="units">Grid steps between 0 and 1.</param>
    /// <param name="gridStep">One of them.</param>
    /// <param name="released">As long; may be the same span. Not written if the answer is false.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability.</param>
    /// <param name="least">What that has to be above.</param>
    /// <returns>False if the row must go the long way, or is not so sure.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool TryRelease(
        ReadOnlySpan<float> clean, bool logits, double sumTolerance, double units, double gridStep, Span<float> released, out int top, out double confidence, double least = 0)
    {
        confidence = 0;
        if (!TrySoften(clean, logits, sumTolerance, out top, out double leader, out double sum, out Vector512<double> low, out Vector512<double> high))
        {
            return false;
        }

        double inverse = 1 / sum;
        confidence = leader * inverse;
        if (!(confidence > least))
        {
            return false;
        }

        low = low * inverse * units;
        high = high * inverse * units;
        Vector512<double> lowSteps = Vector512.Floor(low);
        Vector512<double> highSteps = Vector512.Floor(high);
        int missing = double.ConvertToIntegerNative<int>(units - Sum(lowSteps, highSteps));

        // Who has fewer larger remainders than steps are missing gets one. If that is not as many, remainders are as good as equal.
        Vector512<int> keys = Vector512.Narrow(Keys(low - lowSteps), Keys(high - highSteps)).AsInt32();
        Vector512<int> larger = CountLarger(keys, clean.Length);
        Vector512<int> due = Vector512.LessThan(larger, Vector512.Create(missing));
        (Vector512<long> lowDue, Vector512<long> highDue) = Vector512.Widen(due);
        lowSteps += lowDue.AsDouble() & Vector512<double>.One;
        highSteps += highDue.AsDouble() & Vector512<double>.One;
        Vector512<float> steps = Vector512.Narrow(lowSteps, highSteps);
        Vector512<float> leaders = Vector512.ShuffleNative(steps, Vector512.Create(top));
        ulong level = Vector512.GreaterThanOrEqual(steps, leaders).ExtractMostSignificantBits();
        if (BitOperations.PopCount(due.ExtractMostSignificantBits()) != missing || missing == Most || level != 1UL << top)
        {
            return false;
        }

        PartialRow.Store(Vector512.Narrow(lowSteps * gridStep, highSteps * gridStep), released);
        return true;
    }

    /// <summary>The leading class and its probability; nothing of the others.</summary>
    /// <param name="clean">Two to sixteen scores.</param>
    /// <param name="logits">Whether they are logits; else probabilities.</param>
    /// <param name="sumTolerance">How far probabilities may sum from 1.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability: the same bits as those of <see cref="TryRelease"/>.</param>
    /// <returns>False if the row must go the long way.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool TryLead(ReadOnlySpan<float> clean, bool logits, double sumTolerance, out int top, out float confidence)
    {
        bool isSoft = TrySoften(clean, logits, sumTolerance, out top, out double leader, out double sum, out _, out _);
        confidence = (float)(leader * (1 / sum));
        return isSoft;
    }

    /// <summary>The two leading classes and their probabilities.</summary>
    /// <param name="clean">Two to sixteen scores.</param>
    /// <param name="logits">Whether they are logits; else probabilities.</param>
    /// <param name="sumTolerance">How far probabilities may sum from 1.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="second">The first of the largest others.</param>
    /// <param name="leading">The probability of <paramref name="top"/>: the same bits as in the distribution.</param>
    /// <param name="next">That of <paramref name="second"/>.</param>
    /// <returns>False if the row must go the long way.</returns>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static bool TryLeadTwo(
        ReadOnlySpan<float> clean, bool logits, double sumTolerance, out int top, out int second, out double leading, out double next)
    {
        bool isSoft = TrySoften(clean, logits, sumTolerance, out top, out double leader, out double sum, out Vector512<double> low, out Vector512<double> high);
        second = isSoft ? FindOther(clean, top) : 0;
        double inverse = 1 / sum;
        leading = leader * inverse;
        next = (second < Vector512<double>.Count ? low[second] : high[second - Vector512<double>.Count]) * inverse;
        return isSoft;
    }

    /// <summary>The first of the largest scores; -1 if any is not finite.</summary>
    /// <param name="clean">Two to sixteen scores.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int FindTop(ReadOnlySpan<float> clean) => TryFindTop(clean, out int top, out _, out _) ? top : -1;

    /// <summary>The first of the largest other scores.</summary>
    /// <param name="clean">Two to sixteen finite scores.</param>
    /// <param name="top">The one left out.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int FindSecond(ReadOnlySpan<float> clean, int top) => FindOther(clean, top);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FindOther(ReadOnlySpan<float> clean, int top)
    {
        Vector512<int> others = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(clean.Length)) & ~Vector512.Equals(Vector512<int>.Indices, Vector512.Create(top));
        Vector512<float> scores = Vector512.ConditionalSelect(others.AsSingle(), PartialRow.Load(clean), Vector512.Create(float.NegativeInfinity));
        return BitOperations.TrailingZeroCount(Vector512.Equals(scores, Vector512.Create(RowScan.Largest(scores))).ExtractMostSignificantBits());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryFindTop(ReadOnlySpan<float> clean, out int top, out float largest, out Vector512<float> scores)
    {
        top = 0;
        largest = 0;
        Vector512<int> inRow = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(clean.Length));
        scores = PartialRow.Load(clean);
        if (Vector512.GreaterThanOrEqualAny(scores.AsInt32() & inRow & Vector512.Create(Magnitude), Vector512.Create(Infinity)))
        {
            return false;
        }

        scores = Vector512.ConditionalSelect(inRow.AsSingle(), scores, Vector512.Create(float.NegativeInfinity));
        largest = RowScan.Largest(scores);
        top = BitOperations.TrailingZeroCount(Vector512.Equals(scores, Vector512.Create(largest)).ExtractMostSignificantBits());
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TrySoften(
        ReadOnlySpan<float> clean, bool logits, double sumTolerance, out int top, out double leader, out double sum, out Vector512<double> low, out Vector512<double> high)
    {
        leader = 1;
        sum = 0;
        low = default;
        high = default;
        if (!TryFindTop(clean, out top, out float largest, out Vector512<float> scores))
        {
            return false;
        }

        (low, high) = Vector512.Widen(scores);
        if (logits)
        {
            low = RowExponentials.Of(low - Vector512.Create((double)largest));
            high = RowExponentials.Of(high - Vector512.Create((double)largest));
        }
        else
        {
            // Whatever is negative goes the long way, but -infinity, which stands for nothing.
            if (Vector512.LessThanAny(scores & Vector512.GreaterThan(scores, Vector512.Create(float.NegativeInfinity)), Vector512<float>.Zero))
            {
                return false;
            }

            low = Vector512.Max(low, Vector512<double>.Zero);
            high = Vector512.Max(high, Vector512<double>.Zero);
            leader = largest;
        }

        sum = Sum(low, high);
        return logits || Math.Abs(sum - 1) <= sumTolerance;
    }

    /// <summary>The upper halves of remainders order as they do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Keys(Vector512<double> remainders) => Vector512.ShiftRightLogical(remainders.AsUInt64(), KeyShift);

    /// <summary>Of every lane, how many of the first lanes are larger. In registers: a stack allocation is not inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> CountLarger(Vector512<int> keys, int count)
    {
        Vector512<int> larger = Vector512<int>.Zero;
        Vector512<int> lane = Vector512<int>.Zero;
        for (int i = 0; i < count; i++)
        {
            larger -= Vector512.GreaterThan(Vector512.ShuffleNative(keys, lane), keys);
            lane += Vector512<int>.One;
        }

        return larger;
    }

    /// <summary>In the order of <see cref="FixedOrderSum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Sum(Vector512<double> low, Vector512<double> high)
    {
        Vector512<double> eight = low + high;
        Vector256<double> four = eight.GetLower() + eight.GetUpper();
        Vector128<double> two = four.GetLower() + four.GetUpper();
        return two[0] + two[1];
    }
}
