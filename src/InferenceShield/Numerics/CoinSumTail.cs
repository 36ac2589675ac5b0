namespace InferenceShield.Numerics;

/// <summary>How often the mean of weighted sums of fair coins is as large by chance.</summary>
internal static class CoinSumTail
{
    private const double NearMean = 1e-3;
    private const double Largest = 1e250;

    /// <summary>The chance that the mean of <paramref name="count"/> independent scores is at least <paramref name="mean"/>, where a score is the sum
    /// of the weights whose coin shows heads.</summary>
    /// <param name="mean">0 to the sum of the weights.</param>
    /// <param name="count">1 or more.</param>
    /// <param name="weights">Above 0.</param>
    /// <remarks>Lugannani and Rice, "Saddle point approximation for the distribution of the sum of independent random variables" (1980):
    /// a few per cent of itself far down into the tail, where the normal distribution is off by powers of ten.</remarks>
    public static double Of(double mean, long count, ReadOnlySpan<double> weights)
    {
        double variance = 0;
        double sum = 0;
        foreach (double weight in weights)
        {
            sum += weight;
            variance += weight * weight / 4;
        }

        double excess = mean - (sum / 2);
        double z = excess / Math.Sqrt(variance / count);
        if (Math.Abs(z) < NearMean * Math.Sqrt(count) || sum - mean < 1e-12 || mean < 1e-12)
        {
            // Near the middle both terms of the formula are infinite, and the normal distribution is as good. At the end there is one way.
            return sum - mean < 1e-12 ? Math.Exp(-count * weights.Length * Math.Log(2)) : mean < 1e-12 ? 1 : Upper(z);
        }

        // K(s) of a score less its mean is the sum of log cosh(w s / 2); its slope is the excess at the saddle point.
        double s = excess / variance;
        double cumulant = 0;
        double curvature = variance;
        for (int step = 0; step < 200; step++)
        {
            double slope = 0;
            cumulant = 0;
            curvature = 0;
            foreach (double weight in weights)
            {
                double half = weight * s / 2;
                double tanh = Math.Tanh(half);
                cumulant += Math.Abs(half) + Math.Log((1 + Math.Exp(-2 * Math.Abs(half))) / 2);
                slope += weight / 2 * tanh;
                curvature += weight * weight / 4 * (1 - (tanh * tanh));
            }

            double change = (excess - slope) / curvature;
            if (Math.Abs(change) <= 1e-12 * Math.Abs(s))
            {
                break;
            }

            // Newton's step may pass far beyond where the slope is flat.
            s += Math.Clamp(change, -Math.Abs(s), Math.Abs(s));
        }

        double w = Math.Sign(s) * Math.Sqrt(2 * count * Math.Max(0, (s * excess) - cumulant));
        double u = s * Math.Sqrt(count * curvature);
        double correction = (1 / u) - (1 / w);
        double density = Math.Exp(-w * w / 2) / Math.Sqrt(2 * Math.PI);
        return Math.Clamp(Upper(w) + (density * correction), 0, 1);
    }

    /// <summary>The chance that the sum of <paramref name="count"/> independent scores is at least <paramref name="sum"/>, where a score is the sum
    /// of the weights, whole numbers, whose coin shows heads: by counting the ways.</summary>
    /// <param name="sum">0 or more.</param>
    /// <param name="count">1 or more.</param>
    /// <param name="ways">At each score from 0 on, how many choices of weights sum to it.</param>
    /// <remarks>1e-9 of itself, as far down as a double goes; 0 below. The ways are the coefficients of a power of a polynomial, each by those
    /// before it (Knuth, "The Art of Computer Programming" 2, 4.7): time in proportion to the sum's distance from the nearer end and to the different scores.</remarks>
    public static double Exact(long sum, long count, ReadOnlySpan<double> ways)
    {
        int degree = ways.Length - 1;
        long total = count * degree;
        if (sum <= 0 || sum > total)
        {
            return sum <= 0 ? 1 : 0;
        }

        // Heads and tails are alike: what is at least the sum is as likely as what is at most the rest. Counted is the shorter side.
        bool isUpper = 2 * sum > total;
        long end = isUpper ? total - sum : sum - 1;
        List<int> scores = [];
        for (int score = 1; score <= degree; score++)
        {
            if (ways[score] > 0)
            {
                scores.Add(score);
            }
        }

        double[] last = new double[degree + 1]; // of k at the place k mod its length
        last[0] = 1;
        double below = 1;
        double logScale = 0;
        for (long k = 1; k <= end; k++)
        {
            double next = 0;
            foreach (int score in scores)
            {
                if (score > k)
                {
                    break;
                }

                next += ((score * (count + 1.0)) - k) * ways[score] * last[(k - score) % last.Length];
            }

            next /= k;
            last[k % last.Length] = next;
            below += next;
            if (below > Largest)
            {
                for (int i = 0; i < last.Length; i++)
                {
                    last[i] /= Largest;
                }

                below /= Largest;
                logScale += Math.Log(Largest);
            }
        }

        double all = 0;
        foreach (double some in ways)
        {
            all += some;
        }

        double share = Math.Min(1, Math.Exp(Math.Log(below) + logScale - (count * Math.Log(all))));
        return isUpper ? share : 1 - share;
    }

    /// <summary>The normal distribution's share above z, with full digits in the tail.</summary>
    public static double Upper(double z)
    {
        if (z < 5)
        {
            return 1 - NormalDistribution.Cumulative(z);
        }

        // Mills' ratio as a continued fraction (Laplace); from 5 on sixty steps are more than enough.
        double ratio = 0;
        for (int i = 60; i > 0; i--)
        {
            ratio = i / (z + ratio);
        }

        return Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI) / (z + ratio);
    }
}
