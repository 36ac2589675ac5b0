namespace InferenceShield.Lab.Tests;

/// <summary>What a defender sees of an attack that hides, and that the attacker gets his answers all the same.</summary>
public sealed class EvasionTests
{
    private const int FirstBenign = 100_000;

    private readonly RecordingObserver _observer = new();

    private IOracle Observed => new ObservedOracle(ToyOracle.Open(), "thief", _observer);

    [Theory]
    [InlineData(0)]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(0.8)]
    public async Task Padding_is_the_share_of_all_queries_that_was_asked_for_in_random_places(double share)
    {
        BenignPaddingOracle padding = new(Observed, ToyOracle.Rows(FirstBenign, 5000), share, seed: 3);
        for (int start = 0; start < 400; start += 13)
        {
            Dataset batch = ToyOracle.Rows(start, Math.Min(13, 400 - start));
            Assert.Equal(new OracleReply(batch.Count), await ToyOracle.AskAsync(padding, batch));
        }

        float[] rows = [.. _observer.Rows.Select(row => row.Row)];
        Assert.Equal(Enumerable.Range(0, 400).Select(i => (float)i), rows.Where(row => row < FirstBenign)); // his own, in order
        Assert.Equal((int)Math.Floor((400 * share / (1 - share)) + 1e-9), rows.Count(row => row >= FirstBenign), 1.0);
        Assert.Equal(rows.Length, rows.Distinct().Count()); // none of the benign twice while there are others
        if (share == 0.5)
        {
            int neighbours = rows.Zip(rows.Skip(1)).Count(pair => pair.First < FirstBenign == pair.Second < FirstBenign);
            Assert.InRange(neighbours, 300, 500); // of 799 pairs: no pattern
        }
    }

    [Fact]
    public async Task In_a_sandwich_no_two_rows_of_the_attack_are_neighbours()
    {
        SandwichOracle sandwich = new(Observed, ToyOracle.Rows(FirstBenign, 50), between: 2, seed: 3);
        await ToyOracle.AskAsync(sandwich, ToyOracle.Rows(0, 5));
        await ToyOracle.AskAsync(sandwich, ToyOracle.Rows(5, 5));
        string seen = string.Concat(_observer.Rows.Select(row => row.Row < FirstBenign ? 'a' : 'b'));
        Assert.Equal("bbabbabbabbabbabb" + "bbabbabbabbabbabb", seen);
        Assert.Equal([17, 17], _observer.Batches);
        Assert.Equal(new OracleReply(0), await ToyOracle.AskAsync(sandwich, ToyOracle.Rows(0, 0)));
    }

    [Fact]
    public async Task Refusals_among_benign_rows_are_told_in_the_attackers_own_rows()
    {
        // The places are b b a b b a ...: of 17, 9 answered hold 3 own, and the last 4 never asked hold 1.
        IOracle refusing = ToyOracle.Of(rows => new OracleReply(9, TimeSpan.FromSeconds(5), Unasked: 4), new SimulatedTimeProvider());
        SandwichOracle sandwich = new(refusing, ToyOracle.Rows(FirstBenign, 50), between: 2, seed: 3);
        Assert.Equal(new OracleReply(3, TimeSpan.FromSeconds(5), Unasked: 1), await ToyOracle.AskAsync(sandwich, ToyOracle.Rows(0, 5)));
    }

    [Fact]
    public async Task A_slow_ramp_begins_slowly_and_ends_at_the_last_pace()
    {
        SlowRampOracle ramp = new(Observed, TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(1), rampQueries: 1000, seed: 3);
        await ToyOracle.AskAsync(ramp, ToyOracle.Rows(0, 3000));
        DateTimeOffset[] times = [.. _observer.Rows.Select(row => row.Asked)];
        Assert.All(_observer.Batches, rows => Assert.Equal(1, rows));
        double[] gaps = [.. times.Zip(times.Skip(1)).Select(pair => (pair.Second - pair.First).TotalSeconds)];
        Assert.InRange(gaps[..100].Average(), 300, 600); // the mean falls from 600 to 320 s
        Assert.InRange(gaps[1000..].Average(), 0.9, 1.1);
        double spread = Math.Sqrt(gaps[1000..].Average(gap => Math.Pow(gap - gaps[1000..].Average(), 2)));
        Assert.InRange(spread, 0.85, 1.15); // exponential: as wide as its mean
    }

    [Fact]
    public async Task Callers_take_turns_and_a_refused_one_is_left_alone_for_as_long_as_it_was_told()
    {
        SimulatedTimeProvider time = new();
        bool refuses = false;
        IOracle[] callers =
        [
            new ObservedOracle(ToyOracle.Open(time), "a", _observer),
            new ObservedOracle(ToyOracle.Of(rows => refuses ? new OracleReply(1, TimeSpan.FromHours(1)) : new OracleReply(rows), time), "b", _observer),
            new ObservedOracle(ToyOracle.Open(time), "c", _observer),
        ];
        SybilOracle sybils = new(callers, rowsPerTurn: 2);
        Assert.Equal(new OracleReply(8), await ToyOracle.AskAsync(sybils, ToyOracle.Rows(0, 8)));
        Assert.Equal("aabbccaa", Callers());
        refuses = true;
        Assert.Equal(new OracleReply(1, TimeSpan.FromMilliseconds(1), Unasked: 4), await ToyOracle.AskAsync(sybils, ToyOracle.Rows(8, 6)));
        Assert.Equal(new OracleReply(6), await ToyOracle.AskAsync(sybils, ToyOracle.Rows(9, 6)));
        Assert.Equal("aabbccaa" + "bb" + "ccaacc", Callers());
        refuses = false;
        time.Advance(TimeSpan.FromHours(1));
        await ToyOracle.AskAsync(sybils, ToyOracle.Rows(15, 4));
        Assert.EndsWith("aabb", Callers(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_all_callers_are_refused_nobody_is_asked_and_the_soonest_is_named()
    {
        SimulatedTimeProvider time = new();
        IOracle Refusing(int minutes, bool waitingHelps) =>
            new ObservedOracle(ToyOracle.Of(_ => new OracleReply(0, TimeSpan.FromMinutes(minutes), WaitingHelps: waitingHelps), time), "x", _observer);
        SybilOracle sybils = new([Refusing(9, true), Refusing(4, true), Refusing(1, false)]);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, (await ToyOracle.AskAsync(sybils, ToyOracle.Rows(0, 2))).Answered);
        }

        Assert.Equal(new OracleReply(0, TimeSpan.FromMinutes(4), Unasked: 2), await ToyOracle.AskAsync(sybils, ToyOracle.Rows(0, 2)));
        Assert.Equal(6, _observer.Rows.Count);
        SybilOracle blocked = new([Refusing(1, false)]);
        Assert.False((await ToyOracle.AskAsync(blocked, ToyOracle.Rows(0, 2))).WaitingHelps);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_campaign_and_another_seed_another()
    {
        Task<(float, DateTimeOffset)[]> first = RunAsync(5);
        Assert.Equal(await first, await RunAsync(5));
        Assert.NotEqual(await first, await RunAsync(6));

        static async Task<(float, DateTimeOffset)[]> RunAsync(ulong seed)
        {
            RecordingObserver observer = new();
            IOracle oracle = new ObservedOracle(ToyOracle.Open(), "thief", observer);
            oracle = new SlowRampOracle(oracle, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(1), 20, seed);
            oracle = new SandwichOracle(oracle, ToyOracle.Rows(FirstBenign, 30), 1, seed);
            oracle = new BenignPaddingOracle(oracle, ToyOracle.Rows(FirstBenign, 30), 0.4, seed);
            await ToyOracle.AskAsync(oracle, ToyOracle.Rows(0, 40));
            return [.. observer.Rows.Select(row => (row.Row, row.Asked))];
        }
    }

    [Fact]
    public void Benign_rows_of_another_shape_are_an_error_that_says_so()
    {
        ArgumentException fault = Assert.Throws<ArgumentException>(() => new SandwichOracle(Observed, ToyTarget.Rows(1, 0), 1, 1));
        Assert.Contains("'points' has 0 rows of 2 values", fault.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new BenignPaddingOracle(Observed, TestData.Letters().Slice(0, 5), 0.5, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BenignPaddingOracle(Observed, ToyOracle.Rows(0, 5), 1, 1));
    }

    /// <summary>Who asked, a letter for each row, in order.</summary>
    private string Callers() => string.Concat(_observer.Rows.Select(row => row.Caller));
}
