using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>Mean vectors of made-up callers: honest ones differ from each other for life, a third of them in one of six common ways; sybils
/// differ in a way of their own that they share.</summary>
internal sealed class SyntheticCallers
{
    private const int Dimension = QuerySignals.VectorLength;
    private const int Causes = 6;

    private readonly double[] _causes = new double[Causes * Dimension];

    public SyntheticCallers()
    {
        SeededRandom random = new(77, 1);
        for (int i = 0; i < _causes.Length; i++)
        {
            _causes[i] = Gaussian(ref random);
        }
    }

    /// <summary>Deviation of the mean of 24 numbers over n queries.</summary>
    public static double NoiseOf(int queries) => 1 / Math.Sqrt(queries);

    /// <summary>Fits the baseline: whitening to some honest callers, the rest to others.</summary>
    public static DetectionCalibration Calibrate(SyntheticCallers world, int callers, ulong seed, OdometerCells? cells = null, float nearQueryShare = float.NaN)
    {
        VectorBaseline?[] vectors = [.. LinkingBaseline.Queries.Select((queries, at) => Whitening(world.Honest(callers, queries, seed, 2 * (ulong)at)))];
        float[][] means = [.. LinkingBaseline.Queries.Select((queries, at) => world.Honest(callers, queries, seed, (2 * (ulong)at) + 1))];
        LinkingBaseline fitted = LinkingBaseline.Fit(means, vectors, seed);
        LinkingBaseline linking = new()
        {
            Lengths = fitted.Lengths, Vectors = fitted.Vectors, Spreads = fitted.Spreads, Sizes = fitted.Sizes, NearQueryShare = nearQueryShare,
        };
        cells ??= new OdometerCells { Bits = 6, Classes = 10, Mass = [.. Enumerable.Repeat(1 / 640f, 640)] };
        return new DetectionCalibration(null!, callers, null!, null, null, null, cells, linking, null!);
    }

    /// <summary>Honest callers' means after so many queries, 24 numbers each.</summary>
    public float[] Honest(int callers, int queries, ulong seed, ulong stream)
    {
        SeededRandom random = new(seed, stream);
        float[] means = new float[callers * Dimension];
        for (int caller = 0; caller < callers; caller++)
        {
            int cause = random.NextInt32(3 * Causes);
            double strength = cause < Causes ? .5 + (.5 * Math.Abs(random.NextSigned())) : 0;
            for (int i = 0; i < Dimension; i++)
            {
                double shared = cause < Causes ? strength * _causes[(cause * Dimension) + i] : 0;
                means[(caller * Dimension) + i] = (float)(shared + (.3 * Gaussian(ref random)) + (NoiseOf(queries) * Gaussian(ref random)));
            }
        }

        return means;
    }

    /// <summary>Means of callers that take part in one attack.</summary>
    public static float[] Sybils(int callers, int queries, double strength, ulong seed)
    {
        SeededRandom random = new(seed, 99);
        double[] direction = new double[Dimension];
        for (int i = 0; i < Dimension; i++)
        {
            direction[i] = strength * Gaussian(ref random);
        }

        float[] means = new float[callers * Dimension];
        for (int i = 0; i < means.Length; i++)
        {
            means[i] = (float)(direction[i % Dimension] + (NoiseOf(queries) * Gaussian(ref random)));
        }

        return means;
    }

    /// <summary>A caller's key of a number, spread as keyed hashes are.</summary>
    public static CallerKey Key(int caller)
    {
        SeededRandom random = new(4711, (ulong)caller);
        return new CallerKey(random.NextUInt64(), random.NextUInt64());
    }

    /// <summary>Notes callers' means, numbered from <paramref name="first"/>.</summary>
    public static void Note(CampaignWorker worker, DetectionCalibration calibration, float[] means, int queries, int first, long now)
    {
        for (int caller = 0; caller < means.Length / Dimension; caller++)
        {
            worker.Note(calibration, Key(first + caller), default, queries, means.AsSpan(caller * Dimension, Dimension), now);
        }
    }

    private static double Gaussian(ref SeededRandom random)
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(ref random)));
        return radius * Math.Cos(2 * Math.PI * Uniform(ref random));
    }

    private static double Uniform(ref SeededRandom random) => (random.NextUInt64() >> 11) / (double)(1UL << 53);

    /// <summary>W = L^-1 of the covariance L L', shrunk as detection.md 2.2 has it.</summary>
    private static VectorBaseline Whitening(float[] means)
    {
        int callers = means.Length / Dimension;
        double[] mean = new double[Dimension];
        double[,] covariance = new double[Dimension, Dimension];
        for (int i = 0; i < means.Length; i++)
        {
            mean[i % Dimension] += (double)means[i] / callers;
        }

        for (int caller = 0; caller < callers; caller++)
        {
            for (int i = 0; i < Dimension; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    covariance[i, j] += (means[(caller * Dimension) + i] - mean[i]) * (means[(caller * Dimension) + j] - mean[j]) / callers;
                }
            }
        }

        double[,] factor = new double[Dimension, Dimension];
        double[,] inverse = new double[Dimension, Dimension];
        for (int i = 0; i < Dimension; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double value = covariance[i, j] * (i == j ? 1 : .9);
                for (int k = 0; k < j; k++)
                {
                    value -= factor[i, k] * factor[j, k];
                }

                factor[i, j] = i == j ? Math.Sqrt(value) : value / factor[j, j];
            }
        }

        float[] whitening = new float[Dimension * Dimension];
        for (int column = 0; column < Dimension; column++)
        {
            for (int i = column; i < Dimension; i++)
            {
                double value = i == column ? 1 : 0;
                for (int k = column; k < i; k++)
                {
                    value -= factor[i, k] * inverse[k, column];
                }

                inverse[i, column] = value / factor[i, i];
                whitening[(i * Dimension) + column] = (float)inverse[i, column];
            }
        }

        return new VectorBaseline { Dimension = Dimension, Mean = [.. mean.Select(value => (float)value)], Whitening = whitening, Scale = 1 };
    }
}
