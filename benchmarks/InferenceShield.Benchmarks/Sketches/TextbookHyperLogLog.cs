using System.IO.Hashing;

namespace InferenceShield.Benchmarks;

/// <summary>HyperLogLog as one writes it from the paper, for comparison: single-threaded, no key, scalar loops.</summary>
/// <remarks>Two estimators of equal accuracy, both Ertl's: <see cref="Estimate"/> sums Math.Pow(2, -register) as the
/// formula reads; <see cref="EstimateByHistogram"/> counts the registers by value first, as who wants speed would.</remarks>
internal sealed class TextbookHyperLogLog(int precision)
{
    private readonly byte[] _registers = new byte[1 << precision];

    public void Add(ulong item) => AddHash(XxHash64.HashToUInt64(BitConverter.GetBytes(item)));

    /// <summary>The same without the array that hashing a number through bytes tempts one to make.</summary>
    public void AddWithoutAllocation(ulong item)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(bytes, item);
        AddHash(XxHash64.HashToUInt64(bytes));
    }

    public void AddHash(ulong hash)
    {
        int index = (int)(hash >> (64 - precision));
        byte rank = 1;
        for (int bit = 63 - precision; bit >= 0 && (hash & (1UL << bit)) == 0; bit--)
        {
            rank++;
        }

        _registers[index] = Math.Max(_registers[index], rank);
    }

    public double Estimate()
    {
        int q = 64 - precision;
        double sum = 0;
        int zeros = 0;
        int full = 0;
        foreach (byte register in _registers)
        {
            if (register == 0)
            {
                zeros++;
            }
            else if (register > q)
            {
                full++;
            }
            else
            {
                sum += Math.Pow(2, -register);
            }
        }

        return Finish(sum, zeros, full);
    }

    public double EstimateByHistogram()
    {
        int q = 64 - precision;
        Span<int> counts = stackalloc int[66];
        counts.Clear();
        foreach (byte register in _registers)
        {
            counts[register]++;
        }

        double sum = 0;
        for (int k = q; k >= 1; k--)
        {
            sum = (sum + counts[k]) * 0.5;
        }

        return Finish(sum, counts[0], counts[q + 1]);
    }

    public void Merge(TextbookHyperLogLog other)
    {
        for (int i = 0; i < _registers.Length; i++)
        {
            _registers[i] = Math.Max(_registers[i], other._registers[i]);
        }
    }

    private double Finish(double sum, int zeros, int full)
    {
        double m = _registers.Length;
        double z = sum + m * HyperLogLogEstimator.CorrectSmall(zeros / m)
            + m * HyperLogLogEstimator.CorrectLarge(1 - full / m) * Math.Pow(2, precision - 64);
        return m * m / (2 * Math.Log(2) * z) / (1 + HyperLogLogEstimator.Variance / m);
    }
}
