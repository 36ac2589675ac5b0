using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Data-free extraction: a generator learns to make inputs on which a copy and the model disagree.</summary>
/// <remarks>
/// A small form of DFME (Truong et al., "Data-free model extraction", CVPR 2021). In turn: one step of the generator against the
/// copy, along an estimate of the gradient of their disagreement by its output h before the last tanh, the forward difference
/// d / ε · (L(h + ε u) - L(h)) · u along one random unit direction u, which costs two queries a row; then
/// <see cref="CopySteps"/> steps of the copy, one query a row. Disagreement L is the mean absolute difference of the copy's logits
/// and the model's log-probabilities less their mean. Generator and copy are MLPs trained by Adam, the generator's output
/// normalised over the batch; the copy here has the hidden layers of the context's options and serves the asking only.
/// Expect little: published results take 2 to 20 million queries. At budgets of thousands the generator learns next to nothing:
/// it teaches no more than uniform noise in the same bounds does (<see cref="NoiseStrategy"/>), at more work, and far less than a
/// pool. Answers of a few decimals take the forward differences away. Thread-safe.
/// </remarks>
public sealed class DataFreeStrategy : IQueryStrategy
{
    private const int HiddenUnits = 128;
    private const float LeastProbability = 1e-7f;
    private const float LeastVariance = 1e-5f;

    /// <summary>Bounds of the inputs. Default: null, those of the pool, of which nothing else is used.</summary>
    public InputBounds? Bounds { get; init; }

    /// <summary>Rows of a step, 2 to 128. Default: 32.</summary>
    public int BatchSize
    {
        get;
        init => field = value is >= 2 and <= Asker.Batch / 2 ? value : throw new ArgumentOutOfRangeException(nameof(BatchSize), value, $"A step takes 2 to {Asker.Batch / 2} rows.");
    } = 32;

    /// <summary>Steps of the copy for each of the generator, at least 1. Default: 5.</summary>
    public int CopySteps
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(CopySteps), value, "The copy takes at least one step.");
    } = 5;

    /// <summary>Normal numbers that the generator starts from, at least 1. Default: 64.</summary>
    public int LatentLength
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(LatentLength), value, "The generator starts from at least one number.");
    } = 64;

    /// <summary>Learning rate of the generator, above 0. Default: .001.</summary>
    public float LearningRate
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(LearningRate), value, "The learning rate lies above 0.");
    } = 1e-3f;

    /// <summary>Length of the step of the forward difference, above 0. Default: .01.</summary>
    public float DifferenceStep
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(DifferenceStep), value, "The step of the forward difference lies above 0.");
    } = 0.01f;

    /// <inheritdoc/>
    public string Name => "data-free";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are neither bounds nor a pool, or they do not fit the oracle.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        InputBounds bounds = Asker.GetBounds(Name, Bounds, oracle, context);
        Asker asker = new(oracle, context);
        int[] hidden = context.Surrogate.Kind == SurrogateKind.Linear ? [] : [.. context.Surrogate.Hidden];
        Learner generator = new([LatentLength, HiddenUnits, HiddenUnits, bounds.Width], BatchSize, LearningRate, context.Seed);
        Learner copy = new([bounds.Width, .. hidden, oracle.AnswerLength], 2 * BatchSize, context.Surrogate.LearningRate ?? LearningRate, context.Seed ^ 1);
        SeededRandom random = new(context.Seed, stream: 22);
        while (asker.Remaining > 0)
        {
            Generate(generator, ref random);
            float[] directions = DrawDirections(bounds.Width, ref random);
            float[] normal = [.. generator.Output];
            float[] spread = Normalize(normal, bounds.Width);
            float[] pairs = Perturb(normal, directions);
            int answered = await asker.AskAsync(Scale(pairs, bounds), cancellationToken).ConfigureAwait(false);
            TeachGenerator(generator, copy, pairs, directions, (normal, spread), answered, asker.Transcript);
            for (int step = 0; step < CopySteps && asker.Remaining > 0; step++)
            {
                Generate(generator, ref random);
                float[] rows = [.. generator.Output];
                Normalize(rows, bounds.Width);
                TensorPrimitives.Tanh(rows, rows);
                answered = await asker.AskAsync(Scale(rows, bounds), cancellationToken).ConfigureAwait(false);
                TeachCopy(copy, rows, answered, asker.Transcript);
            }
        }

        return asker.Transcript;
    }

    private void Generate(Learner generator, ref SeededRandom random)
    {
        foreach (ref float value in generator.Input)
        {
            value = (float)random.NextGaussian();
        }

        generator.Forward(BatchSize);
    }

    /// <summary>Gives each feature mean 0 and spread 1 over the rows of a batch, and returns the spreads there were.</summary>
    /// <remarks>Else all rows of a generator lie around one point, and the model gives nearly all of them one label.</remarks>
    private float[] Normalize(Span<float> rows, int width)
    {
        float[] mean = new float[width];
        float[] spread = new float[width];
        for (int at = 0; at < rows.Length; at += width)
        {
            TensorPrimitives.MultiplyAdd(rows.Slice(at, width), 1f / BatchSize, mean, mean);
        }

        for (int at = 0; at < rows.Length; at += width)
        {
            Span<float> row = rows.Slice(at, width);
            TensorPrimitives.Subtract(row, mean, row);
            TensorPrimitives.MultiplyAdd(row, row, spread, spread);
        }

        TensorPrimitives.Multiply(spread, 1f / BatchSize, spread);
        TensorPrimitives.Add(spread, LeastVariance, spread);
        TensorPrimitives.Sqrt(spread, spread);
        for (int at = 0; at < rows.Length; at += width)
        {
            TensorPrimitives.Divide(rows.Slice(at, width), spread, rows.Slice(at, width));
        }

        return spread;
    }

    /// <summary>Takes a gradient by normalised rows back to one by the rows before: (g - mean g - row · mean(g · row)) / spread.</summary>
    private void Denormalize(Span<float> gradient, ReadOnlySpan<float> normal, ReadOnlySpan<float> spread)
    {
        int width = spread.Length;
        float[] mean = new float[width];
        float[] slope = new float[width];
        float[] part = new float[width];
        for (int at = 0; at < gradient.Length; at += width)
        {
            TensorPrimitives.MultiplyAdd(gradient.Slice(at, width), 1f / BatchSize, mean, mean);
            TensorPrimitives.Multiply(gradient.Slice(at, width), normal.Slice(at, width), part);
            TensorPrimitives.MultiplyAdd(part, 1f / BatchSize, slope, slope);
        }

        for (int at = 0; at < gradient.Length; at += width)
        {
            Span<float> row = gradient.Slice(at, width);
            TensorPrimitives.Subtract(row, mean, row);
            TensorPrimitives.Multiply(normal.Slice(at, width), slope, part);
            TensorPrimitives.Subtract(row, part, row);
            TensorPrimitives.Divide(row, spread, row);
        }
    }

    /// <summary>A random unit direction for each row.</summary>
    private float[] DrawDirections(int width, ref SeededRandom random)
    {
        float[] directions = new float[BatchSize * width];
        for (int at = 0; at < directions.Length; at += width)
        {
            Span<float> direction = directions.AsSpan(at, width);
            foreach (ref float value in direction)
            {
                value = (float)random.NextGaussian();
            }

            TensorPrimitives.Divide(direction, MathF.Max(TensorPrimitives.Norm<float>(direction), float.Epsilon), direction);
        }

        return directions;
    }

    /// <summary>Rows after tanh, each followed by the one a step along its direction away.</summary>
    private float[] Perturb(ReadOnlySpan<float> output, ReadOnlySpan<float> directions)
    {
        int width = directions.Length / BatchSize;
        float[] pairs = new float[2 * directions.Length];
        for (int at = 0; at < directions.Length; at += width)
        {
            Span<float> pair = pairs.AsSpan(2 * at, 2 * width);
            output.Slice(at, width).CopyTo(pair);
            TensorPrimitives.MultiplyAdd(directions.Slice(at, width), DifferenceStep, output.Slice(at, width), pair[width..]);
        }

        TensorPrimitives.Tanh(pairs, pairs);
        return pairs;
    }

    /// <summary>Takes rows from -1..1 to the bounds.</summary>
    private static float[] Scale(ReadOnlySpan<float> rows, InputBounds bounds)
    {
        float[] scaled = new float[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            float low = bounds.Minimum.Span[i % bounds.Width];
            scaled[i] = low + ((rows[i] + 1) / 2 * (bounds.Maximum.Span[i % bounds.Width] - low));
        }

        return scaled;
    }

    /// <summary>One step of the generator towards disagreement, by the pairs of which both rows were answered.</summary>
    private void TeachGenerator(Learner generator, Learner copy, float[] pairs, float[] directions, (float[] Normal, float[] Spread) output, int answered, Transcript transcript)
    {
        int width = directions.Length / BatchSize;
        int count = answered / 2;
        if (count == 0)
        {
            return;
        }

        pairs.CopyTo(copy.Input);
        copy.Forward(2 * BatchSize);
        float[] loss = new float[2 * count];
        float[] difference = new float[transcript.AnswerLength];
        for (int row = 0; row < loss.Length; row++)
        {
            GetDifference(copy, row, transcript, answered, difference);
            loss[row] = TensorPrimitives.SumOfMagnitudes<float>(difference) / difference.Length;
        }

        generator.OutputGradient.Clear();
        for (int pair = 0; pair < count; pair++)
        {
            // Steps descend, and the generator seeks disagreement: the negative.
            float slope = (loss[(2 * pair) + 1] - loss[2 * pair]) / DifferenceStep * width / count;
            TensorPrimitives.Multiply(directions.AsSpan(pair * width, width), -slope, generator.OutputGradient.Slice(pair * width, width));
        }

        Denormalize(generator.OutputGradient, output.Normal, output.Spread);
        generator.Step(BatchSize);
    }

    /// <summary>One step of the copy towards the last answers.</summary>
    private void TeachCopy(Learner copy, float[] rows, int answered, Transcript transcript)
    {
        if (answered == 0)
        {
            return;
        }

        rows.CopyTo(copy.Input);
        copy.Forward(BatchSize);
        copy.OutputGradient.Clear();
        float[] difference = new float[transcript.AnswerLength];
        for (int row = 0; row < answered; row++)
        {
            GetDifference(copy, row, transcript, answered, difference);
            for (int i = 0; i < difference.Length; i++)
            {
                copy.OutputGradient[(row * difference.Length) + i] = difference[i] > 0 ? 1f / (answered * difference.Length) : -1f / (answered * difference.Length);
            }
        }

        copy.Step(BatchSize);
    }

    /// <summary>The copy's logits of a row less the log-probabilities of its answer, which is one of the last; these are taken less their mean.</summary>
    private static void GetDifference(Learner copy, int row, Transcript transcript, int answered, Span<float> difference)
    {
        int classes = difference.Length;
        TensorPrimitives.Max(transcript.Answers.Slice((transcript.Count - answered + row) * classes, classes), LeastProbability, difference);
        TensorPrimitives.Log(difference, difference);
        TensorPrimitives.Subtract(difference, TensorPrimitives.Average<float>(difference), difference);
        TensorPrimitives.Subtract(copy.Output.Slice(row * classes, classes), difference, difference);
    }

    /// <summary>An MLP and what one step of its training needs.</summary>
    private sealed class Learner
    {
        private readonly Network _network;
        private readonly Workspace _workspace;
        private readonly AdamOptimizer _optimizer;
        private readonly float _learningRate;

        public Learner(ReadOnlySpan<int> widths, int samples, float learningRate, ulong seed)
        {
            List<ILayer> layers = [];
            for (int i = 1; i < widths.Length; i++)
            {
                layers.Add(new DenseLayer(widths[i - 1], widths[i]));
                if (i < widths.Length - 1)
                {
                    layers.Add(new ReluLayer(widths[i]));
                }
            }

            _network = new Network(layers, seed);
            _workspace = new Workspace(_network, samples);
            _optimizer = new AdamOptimizer(_network.Parameters.Length);
            _learningRate = learningRate;
        }

        public Span<float> Input => _workspace.Input;

        public ReadOnlySpan<float> Output => _workspace.Output;

        public Span<float> OutputGradient => _workspace.OutputGradient;

        public void Forward(int samples) => _network.Forward(_workspace, samples);

        public void Step(int samples)
        {
            _workspace.ParameterGradient.AsSpan().Clear();
            _network.Backward(_workspace, samples);
            _optimizer.Step(_network.Parameters, _workspace.ParameterGradient, _learningRate);
        }
    }
}
