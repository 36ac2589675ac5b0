namespace InferenceShield;

/// <summary>Learns an <see cref="OutlierModel"/>: J1 of benign queries alone, J3 of benign queries against synthetic proxies of attacks.</summary>
internal static class OutlierFit
{
    /// <summary>z, |z| and z_i z_j, and the constant.</summary>
    private const int Features = (2 * QuerySignals.ScalarCount) + (QuerySignals.ScalarCount * (QuerySignals.ScalarCount + 1) / 2) + 1;

    private const int Count = QuerySignals.ScalarCount;
    private const int MostTraining = 30_000;
    private const int MostIterations = 25;
    private const float Clip = 4;

    /// <summary>Keeps weights finite where benign queries and proxies part cleanly; small beside the information of the rows.</summary>
    private const double RidgePerRow = 1e-3;

    private static readonly double[] s_cuts = [.99, .999];

    /// <param name="tables">Of the same benign queries.</param>
    /// <param name="benign">At least one.</param>
    /// <param name="proxies">Empty: J3 is not trained.</param>
    public static OutlierModel Fit(SignalTables tables, ReadOnlySpan<QuerySignals> benign, ReadOnlySpan<QuerySignals> proxies)
    {
        float[] z = Transform(tables, benign, benign.Length);
        float[] mean = new float[Count];
        float[] precision = FitDistance(z, tables.Active, mean);
        bool isTrained = proxies.Length > 0;
        double[] weights = isTrained
            ? Train(Transform(tables, benign, MostTraining), Transform(tables, proxies, MostTraining))
            : new double[Features];
        OutlierModel uncut = Compose(mean, precision, weights, isTrained, [float.PositiveInfinity, float.PositiveInfinity], [float.PositiveInfinity, float.PositiveInfinity]);
        float[] distances = new float[benign.Length];
        float[] trained = new float[benign.Length];
        for (int row = 0; row < benign.Length; row++)
        {
            uncut.Score(z.AsSpan(row * Count, Count), out distances[row], out trained[row]);
        }

        distances.AsSpan().Sort();
        trained.AsSpan().Sort();
        return Compose(
            mean, precision, weights, isTrained, [.. s_cuts.Select(cut => SampleQuantile.Of(distances, cut))],
            isTrained ? [.. s_cuts.Select(cut => SampleQuantile.Of(trained, cut))] : [float.PositiveInfinity, float.PositiveInfinity]);
    }

    /// <summary>Normal scores of the rows, or of as many of them as asked for, evenly chosen.</summary>
    private static float[] Transform(SignalTables tables, ReadOnlySpan<QuerySignals> rows, int most)
    {
        int count = Math.Min(rows.Length, most);
        float[] z = new float[count * Count];
        for (int row = 0; row < count; row++)
        {
            tables.Transform(in rows[(int)((long)row * rows.Length / count)], z.AsSpan(row * Count, Count));
        }

        return z;
    }

    private static float[] FitDistance(ReadOnlySpan<float> z, bool[] active, Span<float> mean)
    {
        double[] sums = new double[Count];
        double[] products = new double[Count * Count];
        int rows = z.Length / Count;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> one = z.Slice(row * Count, Count);
            for (int i = 0; i < Count; i++)
            {
                sums[i] += one[i];
                for (int j = 0; j <= i; j++)
                {
                    products[(i * Count) + j] += (double)one[i] * one[j];
                }
            }
        }

        int[] used = [.. Enumerable.Range(0, Count).Where(i => active[i])];
        double[] covariance = new double[used.Length * used.Length];
        for (int i = 0; i < used.Length; i++)
        {
            mean[used[i]] = (float)(sums[used[i]] / rows);
            for (int j = 0; j <= i; j++)
            {
                double value = (products[(used[i] * Count) + used[j]] / rows) - (sums[used[i]] / rows * (sums[used[j]] / rows));
                covariance[(i * used.Length) + j] = value + (i == j ? 1e-4 : 0); // two scalars that say the same must not divide by nothing
            }
        }

        float[] precision = new float[Count * Count];
        if (!SymmetricMatrix.TryFactor(covariance, used.Length))
        {
            return precision; // fewer rows than scalars: no distance at all
        }

        for (int i = 0; i < used.Length; i++)
        {
            double[] column = new double[used.Length];
            column[i] = 1;
            SymmetricMatrix.Solve(covariance, column);
            for (int j = 0; j < used.Length; j++)
            {
                precision[(used[j] * Count) + used[i]] = (float)column[j];
            }
        }

        return precision;
    }

    /// <summary>Logistic regression by iteratively reweighted least squares, with a ridge; both sides weigh the same.</summary>
    private static double[] Train(float[] benign, float[] proxies)
    {
        double[] weights = new double[Features];
        double[] gradient = new double[Features];
        double[] information = new double[Features * Features];
        double benignWeight = (benign.Length + proxies.Length) / (2.0 * benign.Length);
        double proxyWeight = (benign.Length + proxies.Length) / (2.0 * proxies.Length);
        double ridge = RidgePerRow * (benign.Length + proxies.Length) / Count;
        double before = double.PositiveInfinity;
        double[] step = new double[Features];
        for (int iteration = 0; iteration < MostIterations; iteration++)
        {
            double loss = Accumulate(benign, 0, benignWeight, weights, gradient, information, clear: true)
                + Accumulate(proxies, 1, proxyWeight, weights, gradient, information, clear: false);
            for (int i = 0; i < Features - 1; i++)
            {
                loss += .5 * ridge * weights[i] * weights[i];
                gradient[i] += ridge * weights[i];
                information[(i * Features) + i] += ridge;
            }

            if (loss > before)
            {
                // Newton overshot: half the way back, and look again.
                for (int i = 0; i < Features; i++)
                {
                    step[i] *= .5;
                    weights[i] += step[i];
                }

                continue;
            }

            bool done = before - loss < 1e-7 * loss;
            before = loss;
            information[^1] += 1e-9;
            if (done || !SymmetricMatrix.TryFactor(information, Features))
            {
                break;
            }

            gradient.CopyTo(step.AsSpan());
            SymmetricMatrix.Solve(information, step);
            for (int i = 0; i < Features; i++)
            {
                weights[i] -= step[i];
            }
        }

        return weights;
    }

    private static double Accumulate(float[] z, double target, double weight, double[] weights, double[] gradient, double[] information, bool clear)
    {
        if (clear)
        {
            gradient.AsSpan().Clear();
            information.AsSpan().Clear();
        }

        double loss = 0;
        Span<double> features = stackalloc double[Features];
        for (int row = 0; row < z.Length; row += Count)
        {
            Expand(z.AsSpan(row, Count), features);
            double score = System.Numerics.Tensors.TensorPrimitives.Dot<double>(features, weights);
            double share = 1 / (1 + Math.Exp(-score));
            // ln(1 + e^s) - target s, without overflow.
            loss += weight * (Math.Max(score, 0) + Math.Log(1 + Math.Exp(-Math.Abs(score))) - (target * score));
            double error = weight * (share - target);
            double curvature = weight * Math.Max(share * (1 - share), 1e-6);
            for (int i = 0; i < Features; i++)
            {
                gradient[i] += error * features[i];
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(
                    features[..(i + 1)], curvature * features[i], information.AsSpan(i * Features, i + 1), information.AsSpan(i * Features, i + 1));
            }
        }

        return loss;
    }

    private static void Expand(ReadOnlySpan<float> z, Span<double> features)
    {
        Span<double> clipped = stackalloc double[Count];
        int place = 2 * Count;
        for (int i = 0; i < Count; i++)
        {
            clipped[i] = Math.Clamp(z[i], -Clip, Clip);
            features[i] = clipped[i];
            features[Count + i] = Math.Abs(clipped[i]);
            for (int j = 0; j <= i; j++)
            {
                features[place++] = clipped[i] * clipped[j];
            }
        }

        features[place] = 1;
    }

    private static OutlierModel Compose(float[] mean, float[] precision, double[] weights, bool isTrained, float[] distanceCuts, float[] trainedCuts)
    {
        float[] quadratic = new float[Count * Count];
        int place = 2 * Count;
        for (int i = 0; i < Count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                float half = (float)(i == j ? weights[place] : weights[place] / 2);
                quadratic[(i * Count) + j] = half;
                quadratic[(j * Count) + i] = half;
                place++;
            }
        }

        return new OutlierModel
        {
            DistanceCuts = distanceCuts,
            TrainedCuts = trainedCuts,
            Mean = mean,
            Precision = precision,
            Linear = [.. weights.Take(Count).Select(weight => (float)weight)],
            Absolute = [.. weights.Skip(Count).Take(Count).Select(weight => (float)weight)],
            Quadratic = quadratic,
            IsTrained = isTrained,
        };
    }
}
