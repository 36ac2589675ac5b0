using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>What is left of the payload of the cosine mark when n accounts pool their answers; writes ownership-collusion.csv.</summary>
/// <remarks>Fashion, 784-128-10. The owner has 64 accounts. "answers": the mean of n accounts' answers to each of 5,000 rows, as a thief has
/// who pays n times. "copy": a surrogate of 5,000 rows of which each account asked one in n, measured on 5,000 rows that nobody was asked.</remarks>
internal static class CollusionExperiment
{
    public const string File = "ownership-collusion.csv";

    private const int Accounts = 64;
    private const int Rows = 5_000;
    private const int Simulations = 20;
    private const int Copies = 3;
    private const double Frequency = 2;
    private const double Strength = 0.05;

    private static readonly int[] s_colluders = [1, 2, 4, 8, 16];
    private static readonly int[] s_copied = [1, 4, 16];

    public static void Run(TextWriter log)
    {
        Dataset train = FashionRows.LoadTraining().Shuffle(1);
        Dataset test = FashionRows.LoadTest().Shuffle(1);
        SurrogateOptions options = new() { Hidden = [128] };
        Dataset own = train.Slice(0, 20_000);
        float[] truth = new float[own.Count * own.ClassCount];
        for (int row = 0; row < own.Count; row++)
        {
            truth[(row * own.ClassCount) + own.Labels.Span[row]] = 1;
        }

        Surrogate model = SurrogateTrainer.Train(own.Values.Span, truth, own.Width, own.ClassCount, options, 1, 1, default);
        InputSpace space = InputSpace.Learn(train.Slice(20_000, 5_000).Values.Span, train.Width);
        Dataset asked = train.Slice(40_000, Rows);
        Dataset probes = test.Slice(0, Rows);
        using ResultFile file = new(File, "Payload of the cosine mark against n accounts that pool answers. Made by the verb `collusion`.",
            "suspect,accounts,seed,length,deviation,p,best_rank,worst_rank,best_score");
        foreach (int colluders in s_colluders)
        {
            for (int seed = 1; seed <= Simulations; seed++)
            {
                using Pool pool = new(model, space, (ulong)seed, colluders);
                Write(file, "answers", pool, seed, asked, model, pool.Mean(asked));
            }
        }

        foreach (int colluders in s_copied)
        {
            for (int seed = 1; seed <= Copies; seed++)
            {
                using Pool pool = new(model, space, (ulong)seed, colluders);
                Surrogate copy = SurrogateTrainer.Train(asked.Values.Span, pool.Split(asked), asked.Width, asked.ClassCount, options, (ulong)seed + 100, 1, default);
                Write(file, "copy", pool, seed, probes, model, Ask(copy, probes));
                log.WriteLine($"copy of {colluders} accounts, seed {seed}");
            }
        }
    }

    private static float[] Ask(Surrogate model, Dataset rows)
    {
        float[] answers = new float[rows.Count * model.ClassCount];
        model.Classify(rows.Values.Span, answers);
        return answers;
    }

    private static void Write(ResultFile file, string suspect, Pool pool, int seed, Dataset rows, Surrogate model, float[] answers)
    {
        PayloadAttribution found = PayloadAttribution.Measure(pool.Marks, Frequency, rows.Values.Span, Ask(model, rows), answers, model.ClassCount);
        double[] scores = [.. Enumerable.Range(0, Accounts).Select(account => found.ScoreOf(Pool.KeyOf(account)))];
        int[] ranks = [.. Enumerable.Range(0, pool.Colluders).Select(account => 1 + scores.Count(score => score > scores[account]))];
        file.Write(suspect, pool.Colluders, seed, found.Length, found.Deviation, found.PValue, ranks.Min(), ranks.Max(), scores[..pool.Colluders].Max());
    }

    /// <summary>Accounts of one thief, of which the first n pool what they are answered.</summary>
    private sealed class Pool : IDisposable
    {
        private static readonly OutputPlan s_plan = new("probabilities", OutputKind.Probabilities, new HardeningOptions { Decimals = 2 });

        private static readonly NoiseKey s_noise = new(new byte[NoiseKey.Size]); // the plan has no noise
        private readonly IClassifier _model;
        private readonly CosineRelease _release;
        private readonly MarkKey _key;

        public Pool(IClassifier model, InputSpace space, ulong seed, int colluders)
        {
            byte[] bytes = new byte[MarkKey.Size];
            SeededRandom random = new(seed, 1);
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)random.NextInt32(256);
            }

            _key = MarkKey.Import(bytes, "collusion", "fashion");
            _model = model;
            Colluders = colluders;
            Marks = new InputMarks(_key, space, payload: true, traps: false);
            _release = new CosineRelease(Marks, new CosineMarkOptions { Strength = Strength, Frequency = Frequency, Payload = true });
        }

        public int Colluders { get; }

        public InputMarks Marks { get; }

        public static CallerKey KeyOf(int account) => new((ulong)account + 1, 0);

        /// <summary>Each row asked by all of them.</summary>
        public float[] Mean(Dataset rows)
        {
            float[] mean = new float[rows.Count * _model.ClassCount];
            for (int account = 0; account < Colluders; account++)
            {
                float[] answers = Release(rows, _ => account);
                for (int i = 0; i < mean.Length; i++)
                {
                    mean[i] += answers[i] / Colluders;
                }
            }

            return mean;
        }

        /// <summary>Each row asked by one of them.</summary>
        public float[] Split(Dataset rows) => Release(rows, row => row % Colluders);

        public void Dispose() => _key.Dispose();

        private float[] Release(Dataset rows, Func<int, int> accountOf)
        {
            int classes = _model.ClassCount;
            float[] answers = new float[rows.Count * _model.ClassCount];
            _model.Classify(rows.Values.Span, answers);
            for (int row = 0; row < rows.Count; row++)
            {
                MarkInput input = Marks.Read(rows.GetRow(row), default);
                Span<float> answer = answers.AsSpan(row * classes, classes);
                CosineStep step = new(_release, input.Projection, input.PayloadProjection, Marks.PayloadPhase(KeyOf(accountOf(row))));
                if (!DistributionHardening.TryHarden(s_plan, s_noise, answer, answer, out _, out _, out OutputFault fault, default, in step))
                {
                    throw new InvalidOperationException(fault.Describe("probabilities", row));
                }
            }

            return answers;
        }
    }
}
