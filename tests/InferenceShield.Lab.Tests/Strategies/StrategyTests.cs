using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Lab.Tests;

/// <summary>What every query strategy keeps to.</summary>
public sealed class StrategyTests
{
    private static readonly Dictionary<string, IQueryStrategy> s_all = new IQueryStrategy[]
    {
        new PoolStrategy(),
        new NoiseStrategy(),
        new NoiseStrategy { Distribution = NoiseDistribution.Gaussian },
        new KnockoffStrategy(),
        new KnockoffStrategy { Reward = KnockoffReward.Certainty },
        new KnockoffStrategy { Reward = KnockoffReward.Diversity },
        new KnockoffStrategy { Reward = KnockoffReward.Loss },
        new JbdaStrategy { Seeds = 20, Reservoir = 30 },
        new JbdaStrategy { Kind = JbdaKind.Top, Seeds = 20, Reservoir = 30 },
        new JbdaStrategy { Kind = JbdaKind.Random, Seeds = 20, Reservoir = 30 },
        new ActiveStrategy(),
        new ActiveStrategy { Selection = ActiveSelection.Entropy },
        new ActiveStrategy { Selection = ActiveSelection.KCenter },
        new GridStrategy { Features = [3, 7], Levels = 2 },
        new GridStrategy { IsLowDiscrepancy = true },
        new DataFreeStrategy { BatchSize = 8 },
    }.ToDictionary(strategy => strategy.Name);

    // Of few seeds JBDA is quick, of its own number it is an attack.
    private static readonly Dictionary<string, IQueryStrategy> s_seeded = new IQueryStrategy[]
    {
        new JbdaStrategy(),
        new JbdaStrategy { Kind = JbdaKind.Top },
        new JbdaStrategy { Kind = JbdaKind.Random },
    }.ToDictionary(strategy => strategy.Name);

    public static TheoryData<string> All => [.. s_all.Keys];

    public static TheoryData<string> OfPool => [.. s_all.Keys.Where(name => !IsFree(name))];

    public static TheoryData<string> Free => [.. s_all.Keys.Where(IsFree)];

    [Theory]
    [MemberData(nameof(All))]
    public void The_budget_is_spent_to_the_last_query_and_refused_rows_count(string name)
    {
        Prop.ForAll(Gen.Choose(21, 400).ToArbitrary(), Gen.Choose(0, 3).ToArbitrary(), (budget, refused) =>
        {
            RefusingOracle oracle = new(refused);
            Transcript transcript = Wait(s_all[name].AskAsync(oracle, LetterTheft.CreateContext(budget), default));
            Assert.Equal(budget, oracle.Asked);
            Assert.Equal(oracle.Answered, transcript.Count);
            Assert.Equal(transcript.Count * 26, transcript.Answers.Length);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5).WithReplay(1, 1));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_oracle_that_refuses_everything_ends_the_asking_within_the_budget(string name)
    {
        RefusingOracle oracle = new(int.MaxValue);
        Transcript transcript = await s_all[name].AskAsync(oracle, LetterTheft.CreateContext(300), default);
        Assert.Equal(0, transcript.Count);
        Assert.InRange(oracle.Asked, 20, 300);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_answer_that_is_not_finite_ends_the_asking_with_an_error(string name)
    {
        DelegateOracle oracle = new(LetterTheft.CreateOracle().InputLength, LetterTheft.CreateOracle().AnswerLength, (_, answers) => answers.Span.Fill(float.NaN));
        OracleException fault = await Assert.ThrowsAsync<OracleException>(() => s_all[name].AskAsync(oracle, LetterTheft.CreateContext(300), default));
        Assert.Contains("query 1", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_seed_alone_decides_what_is_asked(string name)
    {
        QueryContext context = LetterTheft.CreateContext(150);
        Transcript first = await s_all[name].AskAsync(LetterTheft.CreateOracle(), context, default);
        Transcript second = await s_all[name].AskAsync(LetterTheft.CreateOracle(), context with { Threads = 3 }, default);
        Transcript other = await s_all[name].AskAsync(LetterTheft.CreateOracle(), context with { Seed = 8 }, default);
        Assert.Equal(first.Inputs, second.Inputs);
        Assert.Equal(first.Answers, second.Answers);
        Assert.False(first.Inputs.SequenceEqual(other.Inputs));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Cancelling_ends_the_asking(string name)
    {
        using CancellationTokenSource source = new();
        DelegateOracle oracle = new(16, 26, (_, answers) =>
        {
            answers.Span.Fill(1f / 26);
            source.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => s_all[name].AskAsync(oracle, LetterTheft.CreateContext(2000), source.Token));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_pool_that_does_not_fit_the_model_is_named(string name)
    {
        DelegateOracle oracle = new(9, 26, (_, _) => { });
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => s_all[name].AskAsync(oracle, LetterTheft.CreateContext(50), default));
        Assert.Contains("Rows of 'letters' have 16 values; the model takes 9.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OfPool))]
    public async Task A_pool_that_is_missing_or_empty_is_told(string name)
    {
        QueryContext context = LetterTheft.CreateContext(50);
        ArgumentException missing = await Assert.ThrowsAsync<ArgumentException>(() => s_all[name].AskAsync(LetterTheft.CreateOracle(), context with { Pool = null }, default));
        Assert.Contains($"'{name}' asks inputs of a pool, and there is none", missing.Message, StringComparison.Ordinal);
        ArgumentException empty = await Assert.ThrowsAsync<ArgumentException>(() => s_all[name].AskAsync(LetterTheft.CreateOracle(), context with { Pool = context.Pool!.Slice(0, 0) }, default));
        Assert.Contains("'letters' has no rows", empty.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Free))]
    public async Task Without_a_pool_bounds_are_needed_and_enough(string name)
    {
        QueryContext context = LetterTheft.CreateContext(50) with { Pool = null };
        ArgumentException missing = await Assert.ThrowsAsync<ArgumentException>(() => s_all[name].AskAsync(LetterTheft.CreateOracle(), context, default));
        Assert.Contains($"'{name}' needs bounds", missing.Message, StringComparison.Ordinal);
        ArgumentException wrong = await Assert.ThrowsAsync<ArgumentException>(() => WithBounds(name, InputBounds.OfBox(9, 0, 15)).AskAsync(LetterTheft.CreateOracle(), context, default));
        Assert.Contains("has bounds of 9 features; the model takes 16", wrong.Message, StringComparison.Ordinal);
        Transcript transcript = await WithBounds(name, InputBounds.OfBox(16, 2, 5)).AskAsync(LetterTheft.CreateOracle(), context, default);
        Assert.False(transcript.Inputs.ContainsAnyExceptInRange(2f, 5f));
        Assert.NotEqual(0, transcript.Count);
    }

    [Theory]
    [InlineData("pool")]
    [InlineData("knockoff-all")]
    [InlineData("knockoff-diversity")]
    [InlineData("active-margin")]
    [InlineData("active-entropy")]
    [InlineData("active-k-center")]
    public async Task A_pool_smaller_than_the_budget_is_asked_whole_and_no_row_twice(string name)
    {
        QueryContext context = LetterTheft.CreateContext(2000);
        Dataset pool = OutOfDistributionPools.CreateUniform(InputBounds.OfBox(16, 0, 15), 333, 1);
        Dataset labelled = new("made up", pool.Values, 16, Enumerable.Range(0, 333).Select(row => row % 7).ToArray(), 8);
        Transcript transcript = await s_all[name].AskAsync(LetterTheft.CreateOracle(), context with { Pool = labelled }, default);
        Assert.Equal(Sort(pool.Values.Span), Sort(transcript.Inputs));
    }

    /// <summary>What a thousand queries of each teach; the floors lie well below what was seen.</summary>
    [Theory]
    [InlineData("pool", 0.8)]
    [InlineData("noise-uniform", 0.4)]
    [InlineData("noise-gaussian", 0.7)]
    [InlineData("knockoff-all", 0.8)]
    [InlineData("knockoff-certainty", 0.8)]
    [InlineData("knockoff-diversity", 0.8)]
    [InlineData("knockoff-loss", 0.8)]
    [InlineData("jbda", 0.6)]
    [InlineData("jbda-top3", 0.55)]
    [InlineData("jbda-random3", 0.6)]
    [InlineData("active-margin", 0.83)]
    [InlineData("active-entropy", 0.75)]
    [InlineData("active-k-center", 0.83)]
    [InlineData("low-discrepancy", 0.4)]
    [InlineData("grid", 0.5)]
    [InlineData("data-free", 0.08)]
    public async Task A_thousand_queries_teach_something(string name, double floor)
    {
        double agreement = await LetterTheft.GetAgreementAsync(s_seeded.GetValueOrDefault(name, s_all[name]), 1000, 7);
        Assert.True(agreement > floor, $"{name}: {agreement}");
    }

    [Fact]
    public async Task Margin_and_k_center_beat_a_random_choice_and_a_bandit_is_level_with_it()
    {
        double[] gains = new double[3];
        for (ulong seed = 11; seed <= 13; seed++)
        {
            double random = await LetterTheft.GetAgreementAsync(new PoolStrategy(), 600, seed);
            gains[0] += await LetterTheft.GetAgreementAsync(new ActiveStrategy(), 600, seed) - random;
            gains[1] += await LetterTheft.GetAgreementAsync(new ActiveStrategy { Selection = ActiveSelection.KCenter }, 600, seed) - random;
            gains[2] += await LetterTheft.GetAgreementAsync(new KnockoffStrategy(), 600, seed) - random;
        }

        string seen = $"margin {gains[0] / 3:F3}, k-center {gains[1] / 3:F3}, bandit {gains[2] / 3:F3}";
        Assert.True(gains[0] / 3 > 0.01, seen);
        Assert.True(gains[1] / 3 > 0.01, seen);
        Assert.True(gains[2] / 3 > -0.03, seen);
    }

    private static bool IsFree(string name) => name.StartsWith("noise", StringComparison.Ordinal) || name is "grid" or "low-discrepancy" or "data-free";

    private static IQueryStrategy WithBounds(string name, InputBounds bounds) => s_all[name] switch
    {
        NoiseStrategy noise => new NoiseStrategy { Distribution = noise.Distribution, Bounds = bounds },
        GridStrategy grid => new GridStrategy { Features = grid.Features, Levels = grid.Levels, IsLowDiscrepancy = grid.IsLowDiscrepancy, Bounds = bounds },
        _ => new DataFreeStrategy { BatchSize = 8, Bounds = bounds },
    };

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static string[] Sort(ReadOnlySpan<float> rows)
    {
        string[] lines = new string[rows.Length / 16];
        for (int row = 0; row < lines.Length; row++)
        {
            lines[row] = string.Join(' ', rows.Slice(row * 16, 16).ToArray());
        }

        Array.Sort(lines, StringComparer.Ordinal);
        return lines;
    }

    /// <summary>Answers all but some of the last rows of each batch.</summary>
    private sealed class RefusingOracle(int refused) : IOracle
    {
        private readonly IOracle _inner = LetterTheft.CreateOracle();

        public int InputLength => 16;

        public int AnswerLength => 26;

        public int Asked { get; private set; }

        public int Answered { get; private set; }

        public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
        {
            int rows = inputs.Length / InputLength;
            int answered = Math.Max(0, rows - refused);
            await _inner.AskAsync(inputs[..(answered * InputLength)], answers, cancellationToken);
            answers.Span[(answered * AnswerLength)..].Fill(float.NaN);
            Asked += rows;
            Answered += answered;
            return new OracleReply(answered);
        }
    }
}
