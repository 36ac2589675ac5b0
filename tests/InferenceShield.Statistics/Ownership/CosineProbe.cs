using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Whether a suspect's scores carry a key's cosine: correlation with what is left of them after the target's clean ones, against random keys.</summary>
/// <remarks>For each key the difference of suspect and target in the key's class is correlated with the cosine of frequency times projection, over rows
/// that nobody was asked, and scaled by the root of the rows; z is how far the owner's lies from the mean of 300 random keys', in their deviations.</remarks>
internal sealed class CosineProbe
{
    public const int Keys = 300;

    private const double Frequency = 2; // the default of CosineMarkOptions
    private const int Size = MarkKey.Size;

    private readonly float[] _rows;
    private readonly int _width;
    private readonly InputSpace _space;
    private readonly (double[] Cosines, CosineMark Mark)[] _keys;

    public CosineProbe(OwnershipTarget target)
    {
        _rows = target.Measure.Values.ToArray();
        _width = target.Model.InputLength;
        _space = target.Space;
        _keys = new (double[], CosineMark)[Keys];
        SeededRandom random = new(seed: 1, stream: 22);
        byte[] bytes = new byte[Size];
        for (int i = 0; i < Keys; i++)
        {
            for (int at = 0; at < Size; at += sizeof(ulong))
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(at), random.NextUInt64());
            }

            using MarkKey key = MarkKey.Import(bytes, "random", "ownership");
            CosineMark mark = new(key, _space);
            _keys[i] = (Cosines(mark), mark);
        }
    }

    /// <summary>z of a key, and the share of random keys that lie as high.</summary>
    /// <param name="key">The owner's.</param>
    /// <param name="clean">The target's answers to the rows that nobody was asked.</param>
    /// <param name="suspect">The suspect's.</param>
    /// <param name="classes">Numbers in an answer.</param>
    public (double Z, double PValue) Test(MarkKey key, float[] clean, float[] suspect, int classes)
    {
        CosineMark mark = new(key, _space);
        double own = Score(Cosines(mark), mark.KeyClass(classes), clean, suspect, classes);
        double[] others = Scores(clean, suspect, classes);
        return (Normalise(own, others), (1.0 + others.Count(other => other >= own)) / (1 + Keys));
    }

    /// <summary>The p-values of the random keys themselves, each against the others.</summary>
    public double[] RunRandomKeys(float[] clean, float[] suspect, int classes)
    {
        double[] scores = Scores(clean, suspect, classes);
        double mean = scores.Average();
        double deviation = Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / (Keys - 1));

        // Of each score under the normal distribution that mean and deviation give: what the verifier's z claims.
        return Array.ConvertAll(scores, score => MathNet.Numerics.SpecialFunctions.Erfc((score - mean) / deviation / Math.Sqrt(2)) / 2);
    }

    private static double Normalise(double own, double[] others)
    {
        double mean = others.Average();
        return (own - mean) / Math.Sqrt(others.Sum(other => (other - mean) * (other - mean)) / (others.Length - 1));
    }

    private double[] Scores(float[] clean, float[] suspect, int classes) =>
        Array.ConvertAll(_keys, key => Score(key.Cosines, key.Mark.KeyClass(classes), clean, suspect, classes));

    private double[] Cosines(CosineMark mark)
    {
        double[] cosines = new double[_rows.Length / _width];
        for (int row = 0; row < cosines.Length; row++)
        {
            cosines[row] = Math.Cos(Frequency * mark.Project(_rows.AsSpan(row * _width, _width)));
        }

        return cosines;
    }

    private static double Score(double[] cosines, int keyClass, float[] clean, float[] suspect, int classes)
    {
        double x = 0;
        double y = 0;
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int row = 0; row < cosines.Length; row++)
        {
            double difference = suspect[(row * classes) + keyClass] - clean[(row * classes) + keyClass];
            x += cosines[row];
            y += difference;
            xx += cosines[row] * cosines[row];
            yy += difference * difference;
            xy += cosines[row] * difference;
        }

        double rows = cosines.Length;
        double spread = Math.Sqrt((xx - (x * x / rows)) * (yy - (y * y / rows)));
        return spread > 0 ? Math.Sqrt(rows) * (xy - (x * y / rows)) / spread : 0;
    }
}
