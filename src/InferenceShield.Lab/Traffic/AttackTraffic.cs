using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>What thieves ask, one attack by name: what a detector is measured by.</summary>
/// <remarks>
/// Knockoff, mixtures, digits, textures and shuffled are pools asked at random, none twice; a mixture is a convex pair of pool rows with
/// a weight of .3 to .7. Active asks 200 rows at random, then rounds of 400 by entropy. JBDA starts from 150 rows with steps of .1; jbda-top3 is
/// its targeted kind. Line, boundary and grid ask one probe after another, as such attacks do. Copies that thieves train while asking
/// are small and short, for the sake of time.
/// </remarks>
internal static class AttackTraffic
{
    public const string Knockoff = "knockoff";
    public const string Active = "active";
    public const string Mixtures = "mixtures";
    public const string Jbda = "jbda";
    public const string JbdaTop = "jbda-top3";
    public const string Line = "line";
    public const string Boundary = "boundary";
    public const string Grid = "grid";
    public const string Digits = "digits";
    public const string Textures = "textures";
    public const string Uniform = "uniform";
    public const string Shuffled = "shuffled";
    public const string DataFree = "data-free";

    private const int FirstRows = 200;
    private const int RoundRows = 400;

    private static readonly SurrogateOptions s_copy = new() { Hidden = [64], Steps = 300 };

    /// <summary>All attacks; <see cref="Digits"/> and <see cref="Textures"/> are for images.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [Knockoff, Active, Mixtures, Jbda, JbdaTop, Line, Boundary, Grid, Digits, Textures, Uniform, Shuffled, DataFree];

    /// <summary>Asks a model that hides nothing.</summary>
    /// <param name="attack">One of <see cref="Names"/>.</param>
    /// <param name="target">Answers with clean scores. Thread-safe.</param>
    /// <param name="pool">The thief's rows: of the model's kind, but for <see cref="Digits"/>.</param>
    /// <param name="queries">How many are asked.</param>
    /// <param name="seed">All choices follow from it.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    public static Task<Transcript> AskAsync(string attack, IClassifier target, Dataset pool, int queries, ulong seed, CancellationToken cancellationToken)
    {
        DelegateOracle oracle = new(target.InputLength, target.ClassCount, (inputs, answers) => target.Classify(inputs.Span, answers.Span));
        (IQueryStrategy strategy, Dataset rows) = Create(attack, pool, queries, seed);
        return strategy.AskAsync(oracle, new QueryContext(queries, seed, rows, s_copy), cancellationToken);
    }

    private static (IQueryStrategy Strategy, Dataset Pool) Create(string attack, Dataset pool, int queries, ulong seed) => attack switch
    {
        Knockoff or Digits => (new PoolStrategy(), pool),
        Active => (new ActiveStrategy
        {
            Selection = ActiveSelection.Entropy,
            InitialShare = Math.Min(1, FirstRows / (double)queries),
            Rounds = Math.Max(1, (queries - FirstRows + RoundRows - 1) / RoundRows),
        }, pool),
        Mixtures => (new PoolStrategy(), Mix(pool, queries, seed)),
        Jbda => (new JbdaStrategy { Seeds = Math.Min(150, pool.Count) }, pool),
        JbdaTop => (new JbdaStrategy { Kind = JbdaKind.Top, Seeds = Math.Min(150, pool.Count) }, pool),
        Line => (new LineProbes(), pool),
        Boundary => (new BoundaryProbes(), pool),
        Grid => (new PlaneSweep(), pool),
        Textures => (new PoolStrategy(), OutOfDistributionPools.CreateTextures(queries, (int)Math.Round(Math.Sqrt(pool.Width)), seed)),
        Uniform => (new NoiseStrategy(), pool),
        Shuffled => (new PoolStrategy(), OutOfDistributionPools.CreateShuffledColumns(pool, queries, seed)),
        DataFree => (new DataFreeStrategy(), pool),
        _ => throw new ArgumentException($"There is no attack '{attack}'; there are {string.Join(", ", Names)}.", nameof(attack)),
    };

    /// <summary>Convex pairs of rows.</summary>
    private static Dataset Mix(Dataset pool, int count, ulong seed)
    {
        SeededRandom random = new(seed, stream: 61);
        float[] values = new float[count * pool.Width];
        for (int i = 0; i < count; i++)
        {
            Span<float> row = values.AsSpan(i * pool.Width, pool.Width);
            float share = random.NextBetween(0.3f, 0.7f);
            TensorPrimitives.Multiply(pool.GetRow(random.NextInt32(pool.Count)), share, row);
            TensorPrimitives.MultiplyAdd(pool.GetRow(random.NextInt32(pool.Count)), 1 - share, row, row);
        }

        return new Dataset($"{pool.Name} mixtures", values, pool.Width);
    }
}
