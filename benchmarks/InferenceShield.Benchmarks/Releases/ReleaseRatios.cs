using System.Globalization;
using InferenceShield.Benchmarks.Fingerprints;
using InferenceShield.Numerics;

namespace InferenceShield.Benchmarks.Releases;

/// <summary>Learned releases against rounding, and the search for the nearest centroid against plain loops, in one run.</summary>
public static class ReleaseRatios
{
    private const int Rows = 64;

    private static long s_sink;

    /// <summary>Measures everything and writes Markdown tables.</summary>
    public static void Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.WriteLine("| classes | centroids | nearest ns | loop over centroids | the same loop by columns |");
        output.WriteLine("|---|---|---|---|---|");
        WriteSearch(TextWriter.Null, 10, 16); // what is timed first is timed before its last compilation
        foreach ((int classes, int centroids) in ((int, int)[])[(10, 16), (10, 64), (10, 256), (26, 16), (257, 16)])
        {
            WriteSearch(output, classes, centroids);
        }

        output.WriteLine();
        output.WriteLine("| classes | rounding to 2 decimals ns | bands8 + runner-up ns | codebook16 ns | rounding / bands | rounding / codebook |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (int classes in (int[])[10, 100, 1000])
        {
            WriteRelease(output, classes);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nchecksum {s_sink}"));
    }

    private static void WriteSearch(TextWriter output, int classes, int centroids)
    {
        Random random = new(1);
        float[][] points = [.. Enumerable.Range(0, centroids).Select(_ => Distribution(random, classes))];
        float[][] queries = [.. Enumerable.Range(0, Rows).Select(_ => Distribution(random, classes))];
        int stride = NearestColumns.PaddedCount(centroids);
        float[] columns = new float[stride * classes];
        Array.Fill(columns, float.PositiveInfinity);
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = i % stride < centroids ? points[i % stride][i / stride] : columns[i];
        }

        RatioTimer timer = new();
        timer.Add("vectors", i => s_sink += NearestColumns.Find(queries[i & (Rows - 1)], columns, stride));
        timer.Add("loop", i => s_sink += FindByLoop(queries[i & (Rows - 1)], points));
        timer.Add("columns", i => s_sink += NearestColumns.FindScalar(queries[i & (Rows - 1)], columns, stride));
        double[] ns = timer.Measure(101);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {classes} | {centroids} | {ns[0]:F0} | {ns[1] / ns[0]:F1}x | {ns[2] / ns[0]:F1}x |"));
    }

    private static void WriteRelease(TextWriter output, int classes)
    {
        Random random = new(1);
        float[][] answers = [.. Enumerable.Range(0, Rows).Select(_ => Distribution(random, classes))];
        float[] benign = [.. Enumerable.Range(0, 20 * Math.Max(classes, 50)).SelectMany(_ => Distribution(random, classes))];
        float[] released = new float[classes];
        OutputPlan plan = new("answers", OutputKind.Probabilities, new HardeningOptions());
        NoiseKey noise = new(new byte[NoiseKey.Size]); // the plan adds none
        ConfidenceBands bands = ConfidenceBands.Learn(benign, classes, OutputKind.Probabilities);
        AnswerCodebook codebook = AnswerCodebook.Learn(benign, classes, OutputKind.Probabilities, 16, 2);
        RatioTimer timer = new();
        timer.Add("rounding", i => DistributionHardening.TryHarden(plan, noise, answers[i & (Rows - 1)], released, out _, out _, out _));
        timer.Add("bands", i => bands.Release(answers[i & (Rows - 1)], OutputKind.Probabilities, released));
        timer.Add("codebook", i => codebook.TryRelease(answers[i & (Rows - 1)], OutputKind.Probabilities, released));
        double[] ns = timer.Measure(101);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {classes} | {ns[0]:F0} | {ns[1]:F0} | {ns[2]:F0} | {ns[0] / ns[1]:F1}x | {ns[0] / ns[2]:F1}x |"));
    }

    private static int FindByLoop(float[] query, float[][] points)
    {
        int nearest = 0;
        float least = float.PositiveInfinity;
        for (int point = 0; point < points.Length; point++)
        {
            float distance = 0;
            float[] center = points[point];
            for (int i = 0; i < query.Length; i++)
            {
                distance += MathF.Abs(query[i] - center[i]);
            }

            if (distance < least)
            {
                (nearest, least) = (point, distance);
            }
        }

        return nearest;
    }

    /// <summary>Softmax of random logits, one of them mostly in front.</summary>
    private static float[] Distribution(Random random, int classes)
    {
        double[] weights = [.. Enumerable.Range(0, classes).Select(_ => Math.Exp(4 * random.NextDouble()))];
        weights[random.Next(classes)] += Math.Exp(12 * random.NextDouble());
        double sum = weights.Sum();
        return Array.ConvertAll(weights, weight => (float)(weight / sum));
    }
}
