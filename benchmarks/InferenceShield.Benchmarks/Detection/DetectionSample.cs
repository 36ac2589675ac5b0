using InferenceShield.Benchmarks.Fingerprints;

namespace InferenceShield.Benchmarks.Detection;

/// <summary>Rows, scores and a calibration of them: 300 callers of 200 queries each.</summary>
internal sealed class DetectionSample
{
    private const int Callers = 300;
    private const int QueriesEach = 200;
    private const int Proxies = 2_000;

    private DetectionSample(float[][] inputs, float[][] scores, ShieldSecret secret)
    {
        Inputs = inputs;
        Scores = scores;
        DetectionProfile profile = DetectionProfile.Learn(
            secret, "benchmark", InputKind.Image, OutputKind.Probabilities, inputs.SelectMany(row => row).ToArray(), inputs[0].Length, scores.SelectMany(row => row).ToArray(), scores[0].Length);
        Random random = new(3);
        QuerySignals[] measured = new QuerySignals[inputs.Length];
        for (int i = 0; i < measured.Length; i++)
        {
            profile.Measure(inputs[i], scores[i], (ulong)i + 1, ref measured[i]);
        }

        CallerHistory[] callers = [.. Enumerable.Range(0, Callers).Select(caller => new CallerHistory((ulong)caller, [.. Enumerable.Range(0, QueriesEach).Select(_ => Vary(measured[random.Next(measured.Length)], random))]))];
        QuerySignals[] proxies = [.. Enumerable.Range(0, Proxies).Select(_ => Vary(measured[random.Next(measured.Length)], random))];
        Calibration = CalibrationFit.Fit(profile, callers, proxies, seed: 5);
        Measured = [.. Enumerable.Range(0, 4_096).Select(_ => Vary(measured[random.Next(measured.Length)], random))];
    }

    public float[][] Inputs { get; }

    public float[][] Scores { get; }

    public QuerySignals[] Measured { get; }

    public DetectionCalibration Calibration { get; }

    /// <summary>Real images, and answers of ten classes.</summary>
    public static DetectionSample Fashion(ShieldSecret secret) => new(
        [.. TestImages.Fashion(1_024).Select(image => Array.ConvertAll(image, pixel => pixel / 255f))], MakeScores(1_024, 10), secret);

    /// <summary>224 x 224 x 3, and answers of a thousand classes.</summary>
    public static DetectionSample Wide(ShieldSecret secret) => new(
        [.. TestImages.Make("walk", 150_528, 128).Select(image => Array.ConvertAll(image, pixel => pixel / 255f))], MakeScores(128, 1_000), secret);

    private static float[][] MakeScores(int rows, int classes)
    {
        Random random = new(7);
        return [.. Enumerable.Range(0, rows).Select(_ =>
        {
            double[] exponentials = [.. Enumerable.Range(0, classes).Select(_ => Math.Exp(random.NextDouble() * 12))];
            double sum = exponentials.Sum();
            return Array.ConvertAll(exponentials, value => (float)(value / sum));
        })];
    }

    /// <summary>So that no two queries are equal.</summary>
    private static QuerySignals Vary(QuerySignals signals, Random random)
    {
        for (int i = 0; i < QuerySignals.ScalarCount; i++)
        {
            signals.Scalars[i] += (float)(random.NextDouble() - .5) * .1f;
        }

        signals.SimHash ^= (ulong)random.NextInt64();
        signals.Exact = (ulong)random.NextInt64();
        return signals;
    }
}
