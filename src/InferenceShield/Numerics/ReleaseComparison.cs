using System.Diagnostics;
using System.Numerics;

namespace InferenceShield.Numerics;

/// <summary>Compares a clean distribution with what is released of it.</summary>
/// <remarks>Sums depend on the vector width in their last bits: they are for statistics, never for answers.</remarks>
internal static class ReleaseComparison
{
    /// <summary>Keeps the divergence of a class that is released as 0 finite.</summary>
    public const double Floor = 1e-6;

    /// <summary>Shorter rows are faster one by one: a wide read would wait for the narrow writes that have just been made.</summary>
    private const int LeastVectorLength = 24;

    /// <summary>Keeps 0 times its logarithm at 0.</summary>
    private const double LeastNormal = 2.2250738585072014e-308;

    private const float LeastFloat = 1.17549435e-38f;

    /// <summary>The L1 distance, and whether the leading class still leads, in one pass.</summary>
    /// <param name="clean">A distribution.</param>
    /// <param name="released">As long.</param>
    /// <param name="top">The clean leading class.</param>
    /// <param name="distance">The sum of the absolute differences.</param>
    /// <returns>False if another class is released level with that one or above it.</returns>
    public static bool Compare(ReadOnlySpan<double> clean, ReadOnlySpan<float> released, int top, out double distance) =>
        released.Length < LeastVectorLength || !Vector.IsHardwareAccelerated
            ? CompareScalar(clean, released, top, out distance)
            : CompareVectors(clean, released, top, out distance);

    /// <summary>The portable twin of <see cref="Compare"/>.</summary>
    public static bool CompareScalar(ReadOnlySpan<double> clean, ReadOnlySpan<float> released, int top, out double distance)
    {
        Debug.Assert(clean.Length == released.Length, "A row and its release have the same classes.");
        clean = clean[..released.Length];
        float leader = released[top];
        double sum = 0;
        int level = 0;
        for (int i = 0; i < released.Length; i++)
        {
            sum += Math.Abs(clean[i] - released[i]);
            level += released[i] >= leader ? 1 : 0;
        }

        distance = sum;
        return level == 1;
    }

    /// <summary>Kullback-Leibler divergence of released from clean, and both entropies, in bits: with single-precision logarithms
    /// where the row is long, so within 1e-4.</summary>
    /// <param name="clean">A distribution.</param>
    /// <param name="released">As long; what is below <see cref="Floor"/> counts as that in the divergence.</param>
    public static (double Divergence, double CleanEntropy, double ReleasedEntropy) Informations(ReadOnlySpan<double> clean, ReadOnlySpan<float> released)
    {
        if (released.Length < LeastVectorLength || !Vector.IsHardwareAccelerated)
        {
            return InformationsScalar(clean, released);
        }

        Vector<float> floor = new((float)Floor);
        Vector<float> least = new(LeastFloat);
        Vector<float> cleanSum = Vector<float>.Zero;
        Vector<float> releasedSum = Vector<float>.Zero;
        Vector<float> crossSum = Vector<float>.Zero;
        int i = 0;
        for (; i + Vector<float>.Count <= released.Length; i += Vector<float>.Count)
        {
            Vector<float> before = Vector.Narrow(new Vector<double>(clean[i..]), new Vector<double>(clean[(i + Vector<double>.Count)..]));
            Vector<float> after = new(released[i..]);
            Vector<float> logarithm = Vector.Log2(Vector.Max(after, floor));
            cleanSum += before * Vector.Log2(Vector.Max(before, least));
            releasedSum += after * logarithm;
            crossSum += before * logarithm;
        }

        (double divergence, double cleanEntropy, double releasedEntropy) = InformationsScalar(clean[i..], released[i..]);
        double clear = Vector.Sum(cleanSum);
        return (divergence + (clear - Vector.Sum(crossSum)), cleanEntropy - clear, releasedEntropy - Vector.Sum(releasedSum));
    }

    /// <summary>The portable twin of <see cref="Informations"/>.</summary>
    public static (double Divergence, double CleanEntropy, double ReleasedEntropy) InformationsScalar(ReadOnlySpan<double> clean, ReadOnlySpan<float> released)
    {
        double cleanSum = 0;
        double releasedSum = 0;
        double crossSum = 0;
        for (int i = 0; i < released.Length; i++)
        {
            double logarithm = Math.Log2(Math.Max(released[i], Floor));
            cleanSum += clean[i] * Math.Log2(Math.Max(clean[i], LeastNormal));
            releasedSum += released[i] * logarithm;
            crossSum += clean[i] * logarithm;
        }

        return (cleanSum - crossSum, -cleanSum, -releasedSum);
    }

    private static bool CompareVectors(ReadOnlySpan<double> clean, ReadOnlySpan<float> released, int top, out double distance)
    {
        Debug.Assert(clean.Length == released.Length, "A row and its release have the same classes.");
        Vector<float> leader = new(released[top]);
        Vector<double> first = Vector<double>.Zero;
        Vector<double> second = Vector<double>.Zero;
        Vector<int> level = Vector<int>.Zero;
        int i = 0;
        for (; i + Vector<float>.Count <= released.Length; i += Vector<float>.Count)
        {
            Vector<float> values = new(released[i..]);
            Vector.Widen(values, out Vector<double> low, out Vector<double> high);
            first += Vector.Abs(new Vector<double>(clean[i..]) - low);
            second += Vector.Abs(new Vector<double>(clean[(i + Vector<double>.Count)..]) - high);
            level -= Vector.GreaterThanOrEqual(values, leader);
        }

        int count = Vector.Sum(level);
        double sum = Vector.Sum(first + second);
        for (; i < released.Length; i++)
        {
            sum += Math.Abs(clean[i] - released[i]);
            count += released[i] >= leader[0] ? 1 : 0;
        }

        distance = sum;
        return count == 1;
    }
}
