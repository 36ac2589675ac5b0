using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Functionally equivalent extraction of a network of one hidden layer of ReLU units.</summary>
/// <remarks>
/// <para>Along a line, the log-ratios of such a network are linear but for a kink where a unit starts to act. The attack finds kinks by crossing
/// the lines fitted to both ends of an interval, reads the unit's hyperplane off the gradients on either side, and solves for the output
/// layer by least squares (Jagielski, Carlini, Berthelot, Kurakin and Papernot, "High Accuracy and High Fidelity Extraction of Neural
/// Networks", USENIX Security 2020, section 4). It reads the gradients' difference as a matrix of rank 1, which gives signs with the magnitudes,
/// and leaves the side on which a unit acts to a linear term (<see cref="ReluCopy"/>).</para>
/// <para>Steps grow with the coarseness of answers, which is measured first. In double precision copies of 4 to 16 random units were exact to
/// 1e-10 nats. From an <see cref="IOracle"/>, in single precision, they were off by 1e-3 at the most and gave every label; of networks
/// trained on letters (16 inputs, 26 classes) that of 8 units went the same way, those of 16 and more did not. Answers rounded to 5 decimals
/// hid 16 units and left most labels of 4. Cost: about 2 d queries a unit, some tens a kink, and 2 (units + d + 1) for the output layer.</para>
/// <para>The residual is the root mean square misfit of log-ratios on 64 inputs kept for the check, in nats. Units that never start or
/// stop to act between inputs drawn are part of the linear term.</para>
/// </remarks>
public sealed class FunctionallyEquivalentAttack : IExactAttack
{
    private const int CheckRows = 64;
    private const int NoiseRows = 16;

    // Lines without a new unit after which no more are expected.
    private const int Patience = 24;
    private const double LargestResidual = 1e-3;

    // More units are looked for until the misfit is no more than the answers' own error explains.
    private const double LeastGoal = 1e-6;
    private const double GoalPerNoise = 300;

    // Beyond it a misfit says more about the answers than about the model; single precision lies about here.
    private const double CoarseNoise = 2e-6;

    /// <inheritdoc/>
    public string Name => "functionally-equivalent";

    /// <inheritdoc/>
    public async Task<ExactResult> StealAsync(DoubleOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        ExactQueries meter = new(oracle, context.Budget);
        SeededRandom random = new(context.Seed, stream: 44);
        HiddenUnitSearch search = new(meter, new InputBox(context, oracle.InputLength), oracle.AnswerLength);
        double[] check = search.Draw(CheckRows, ref random);
        if (!await search.MeasureNoiseAsync(search.Draw(NoiseRows, ref random), search.Draw(NoiseRows, ref random), cancellationToken).ConfigureAwait(false)
            || await search.AskAsync(check, cancellationToken).ConfigureAwait(false) is not { } checkAnswers)
        {
            return meter.Stopped(Name);
        }

        List<double> rows = [];
        List<double> answers = [];
        ReluCopy? copy = null;
        double residual = double.NaN;
        for (int idle = 0; idle < Patience; idle++)
        {
            int known = search.Units.Count;
            if (!await search.SearchAsync(search.Draw(1, ref random), search.Draw(1, ref random), cancellationToken).ConfigureAwait(false))
            {
                break;
            }

            // Solving costs queries: not while lines still find new units, and not twice with the same.
            bool isNew = search.Units.Count > known;
            idle = isNew ? -1 : idle;
            if (isNew || search.Units.Count == copy?.HiddenCount)
            {
                continue;
            }

            int missing = (2 * (search.Units.Count + oracle.InputLength + 1)) - (answers.Count / oracle.AnswerLength);
            double[] more = search.Draw(Math.Max(missing, 1), ref random);
            if (await search.AskAsync(more, cancellationToken).ConfigureAwait(false) is not { } moreAnswers)
            {
                break;
            }

            rows.AddRange(more);
            answers.AddRange(moreAnswers);
            (copy, residual) = Solve(search, [.. rows], [.. answers], check, checkAnswers, oracle.InputLength, oracle.AnswerLength);
            if (residual <= Math.Max(LeastGoal, GoalPerNoise * search.Noise))
            {
                break;
            }
        }

        bool isRecovered = residual <= LargestResidual;
        string cause = search.Noise > CoarseNoise ? $"answers too coarse (log-ratios good to {search.Noise:g2} nats)"
            : meter.Stop.Length > 0 ? "more queries may find more"
            : "the model is no network of one hidden layer of ReLU units";
        string stop = meter.Stop.Length > 0 ? $"Not recovered: {meter.Stop}" : "Not recoverable";
        return new ExactResult(Name, isRecovered, copy, residual, meter.Queries, isRecovered
            ? $"Recovered: {copy!.HiddenCount} hidden units, log-ratios within {residual:g2} nats, from {meter.Queries} queries."
            : $"{stop}; {search.Units.Count} hidden units leave log-ratios {residual:g2} nats off; {cause}.");
    }

    private static (ReluCopy Copy, double Residual) Solve(
        HiddenUnitSearch search, double[] rows, double[] answers, double[] check, double[] checkAnswers, int inputLength, int classCount)
    {
        int units = search.Units.Count;
        int terms = units + inputLength + 1;
        double[] hidden = [.. search.Units.SelectMany(unit => unit.Normal.Append(unit.Offset))];
        double[] left = GetTerms(hidden, rows, inputLength, terms);
        (double[] solution, _) = LeastSquares.Solve(left, terms, answers, classCount);
        double[] checkTerms = GetTerms(hidden, check, inputLength, terms);
        double squares = 0;
        double[] output = new double[classCount * terms];
        for (int c = 0; c < classCount; c++)
        {
            for (int i = 0; i < terms; i++)
            {
                output[(c * terms) + i] = solution[(i * classCount) + c];
            }

            for (int row = 0; row < checkAnswers.Length / classCount; row++)
            {
                double value = TensorPrimitives.Dot<double>(output.AsSpan(c * terms, terms), checkTerms.AsSpan(row * terms, terms));
                squares += Math.Pow(value - checkAnswers[(row * classCount) + c], 2);
            }

            search.UnscaleWeights(output.AsSpan((c * terms) + units, inputLength + 1));
        }

        for (int unit = 0; unit < units; unit++)
        {
            search.UnscaleWeights(hidden.AsSpan(unit * (inputLength + 1), inputLength + 1));
        }

        return (new ReluCopy(inputLength, classCount, hidden, output), Math.Sqrt(squares / checkAnswers.Length));
    }

    private static double[] GetTerms(double[] hidden, double[] rows, int inputLength, int terms)
    {
        int count = rows.Length / inputLength;
        double[] result = new double[count * terms];
        for (int row = 0; row < count; row++)
        {
            ReluCopy.WriteTerms(hidden, rows.AsSpan(row * inputLength, inputLength), result.AsSpan(row * terms, terms));
        }

        return result;
    }
}
