namespace InferenceShield.Lab;

/// <summary>Whether a suspect's probability of a key's class rises and falls with the cosine of where the input lies along the key's vector.</summary>
/// <remarks>
/// Measured is the correlation of that cosine with the suspect's probability less the target's clean one. How large it is by chance, given these answers, is
/// known from random keys of the same kind alone: the statistic is z against theirs, the p-value its rank, (1 + those as large) / (1 + keys). So with n keys
/// no p-value below 1 / (n + 1) can be stated. Needs scores. After Charette et al., "Cosine Model Watermarking against Ensemble Distillation" (AAAI 2022), who
/// compare powers of a periodogram; the clean answers that an owner has leave less noise. Immutable and thread-safe. Cost: for each key, 20 products a row.
/// </remarks>
internal sealed class CosineTest : OwnershipTest
{
    private readonly InputSpace _space;
    private readonly double _frequency;
    private readonly double[] _coordinates;
    private readonly float[] _clean;
    private readonly bool[] _isFree;
    private readonly int _classes;

    /// <param name="space">Of benign inputs.</param>
    /// <param name="frequency">Of the mark.</param>
    /// <param name="queries">The inputs.</param>
    /// <param name="clean">Clean probabilities of the target, row after row.</param>
    /// <param name="classes">Numbers in a row.</param>
    /// <param name="isFree">Whether a row has no mark in its label: moved labels would be noise.</param>
    public CosineTest(InputSpace space, double frequency, Dataset queries, float[] clean, int classes, Func<int, bool> isFree)
    {
        _space = space;
        _frequency = frequency;
        _clean = clean;
        _classes = classes;
        _isFree = [.. Enumerable.Range(0, queries.Count).Select(isFree)];
        _coordinates = new double[queries.Count * space.DirectionCount];
        float[] folded = new float[space.Width];
        for (int row = 0; row < queries.Count; row++)
        {
            ReadOnlySpan<float> values = space.Fold(queries.GetRow(row), folded);
            for (int k = 0; k < space.DirectionCount; k++)
            {
                ReadOnlySpan<float> direction = space.Direction(k);
                double sum = 0;
                for (int i = 0; i < values.Length; i++)
                {
                    sum += direction[i] * (double)space.Scale[i] * (values[i] - (double)space.Mean[i]);
                }

                _coordinates[(row * space.DirectionCount) + k] = sum;
            }
        }
    }

    /// <inheritdoc/>
    public override string Name => "cosine";

    /// <inheritdoc/>
    public override string EffectUnit => "z against random keys";

    /// <inheritdoc/>
    public override PValueMethod Method => PValueMethod.RandomKeys;

    /// <inheritdoc/>
    public override bool NeedsScores => true;

    /// <inheritdoc/>
    public override int Available => _isFree.Count(static free => free);

    /// <inheritdoc/>
    public override bool Uses(int row) => _isFree[row];

    /// <inheritdoc/>
    /// <remarks>From measurement, not theory: copies of 5,000 soft answers gave z = 4.8 on 7,000 queries at strength .05, and z grows with the root of the
    /// queries; so many give the wanted p-value in the middle of a normal distribution.</remarks>
    public override int NeededAnswers(double expectedMatch, double pValue)
    {
        double z = -MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, pValue) / 4.8;
        return (int)Math.Ceiling(7000 * z * z);
    }

    /// <inheritdoc/>
    public override Func<MarkKey, TestOutcome> Read(SuspectAnswers answers)
    {
        int[] rows = [.. Enumerable.Range(0, _isFree.Length).Where(row => _isFree[row] && answers.Labels[row] >= 0)];
        float[] scores = answers.Scores!;
        double[] rises = new double[rows.Length];
        double[] cosines = new double[rows.Length];
        return key =>
        {
            if (rows.Length < 3)
            {
                return new TestOutcome(0, double.NaN, 0, double.NaN, double.NaN, double.NaN);
            }

            CosineMark mark = new(key, _space);
            int label = mark.KeyClass(_classes);
            for (int i = 0; i < rows.Length; i++)
            {
                rises[i] = (double)scores[(rows[i] * _classes) + label] - _clean[(rows[i] * _classes) + label];
                cosines[i] = Math.Cos(_frequency * Project(mark, rows[i]));
            }

            return new TestOutcome(rows.Length, Correlate(rises, cosines) * Math.Sqrt(rows.Length), 0, double.NaN, double.NaN, double.NaN);
        };
    }

    /// <inheritdoc/>
    public override string Note(SuspectAnswers answers) => "The p-value is a rank among random keys: to state smaller ones, take more of them.";

    private static double Correlate(double[] x, double[] y)
    {
        double meanX = x.Average();
        double meanY = y.Average();
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            xx += (x[i] - meanX) * (x[i] - meanX);
            yy += (y[i] - meanY) * (y[i] - meanY);
            xy += (x[i] - meanX) * (y[i] - meanY);
        }

        return xx > 0 && yy > 0 ? xy / Math.Sqrt(xx * yy) : 0;
    }

    private double Project(CosineMark mark, int row)
    {
        ReadOnlySpan<double> along = mark.Along;
        double sum = 0;
        for (int k = 0; k < along.Length; k++)
        {
            sum += along[k] * _coordinates[(row * along.Length) + k];
        }

        return sum;
    }
}
