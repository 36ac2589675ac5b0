using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Lab.Tests;

/// <summary>One row is one query, refused ones too, and no budget is ever overspent.</summary>
public sealed class AccountingTests
{
    [Fact]
    public void No_more_queries_reach_the_model_than_the_budget_whatever_is_asked_and_refused()
    {
        Gen<(int[], int[], int)> cases =
            from batches in Gen.Choose(0, 20).ArrayOf()
            from refused in Gen.Choose(0, 9).ArrayOf(16)
            from budget in Gen.Choose(0, 80)
            select (batches, refused, budget);
        Properties.Hold(cases, test =>
        {
            (int[] batches, int[] refused, int budget) = test;
            int calls = 0;
            int reached = 0;
            int answered = 0;
            IOracle oracle = ToyOracle.Of(
                rows =>
                {
                    int no = Math.Min(rows, refused[calls++ % 16]);
                    int unasked = no / 2; // what follows a refused row may not have been asked
                    reached += rows - unasked;
                    answered += rows - no;
                    return new OracleReply(rows - no, Unasked: unasked);
                },
                new SimulatedTimeProvider());
            QueryMeter meter = new();
            BudgetOracle budgeted = new(new ObservedOracle(oracle, "thief", meter), budget);
            int next = 0;
            foreach (int batch in batches)
            {
                int before = reached;
                OracleReply reply = ToyOracle.AskAsync(budgeted, ToyOracle.Rows(next, batch)).GetAwaiter().GetResult();
                next += batch;
                Assert.Equal(reached - before, batch - reply.Unasked);
            }

            Assert.InRange(reached, 0, budget);
            Assert.Equal(budget - reached, budgeted.Remaining);
            Assert.Equal((reached, answered, reached - answered), (meter.Asked, meter.Answered, meter.Refused));
        });
    }

    [Fact]
    public async Task A_spent_budget_says_that_waiting_does_not_help()
    {
        BudgetOracle budgeted = new(ToyOracle.Open(), 10);
        Assert.Equal(new OracleReply(8), await ToyOracle.AskAsync(budgeted, ToyOracle.Rows(0, 8)));
        Assert.Equal(new OracleReply(2, Unasked: 3, WaitingHelps: false), await ToyOracle.AskAsync(budgeted, ToyOracle.Rows(0, 5)));
        Assert.Equal(new OracleReply(0, Unasked: 5, WaitingHelps: false), await ToyOracle.AskAsync(budgeted, ToyOracle.Rows(0, 5)));
        Assert.Equal(2, (await ToyOracle.AskAsync(new RetryOracle(new BudgetOracle(ToyOracle.Open(), 2)), ToyOracle.Rows(0, 5))).Answered);
    }

    [Fact]
    public async Task The_meter_counts_repeats_of_answered_rows_and_adds_up_waits_and_delays()
    {
        SimulatedTimeProvider time = new();
        bool refuses = true;
        IOracle oracle = ToyOracle.Of(
            rows =>
            {
                time.Advance(TimeSpan.FromSeconds(10));
                return refuses ? new OracleReply(1, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(2)) : new OracleReply(rows);
            },
            time);
        QueryMeter meter = new();
        ObservedOracle observed = new(oracle, "thief", meter);
        await ToyOracle.AskAsync(observed, ToyOracle.Rows(0, 3)); // only row 0 is answered
        refuses = false;
        await ToyOracle.AskAsync(observed, ToyOracle.Rows(0, 3));
        await ToyOracle.AskAsync(observed, ToyOracle.Rows(2, 2));
        Assert.Equal((8, 6, 2, 2), (meter.Asked, meter.Answered, meter.Refused, meter.Repeats)); // rows 0 and 2
        Assert.Equal(TimeSpan.FromMinutes(1), meter.ToldToWait);
        Assert.Equal(TimeSpan.FromSeconds(2), meter.Delayed);
        Assert.Equal(TimeSpan.FromSeconds(30), meter.Duration);
    }

    [Fact]
    public async Task Waits_of_thousands_of_years_add_up_to_the_longest_there_is()
    {
        IOracle oracle = ToyOracle.Of(_ => new OracleReply(0, TimeSpan.FromDays(7900 * 365), TimeSpan.FromDays(7900 * 365)), new SimulatedTimeProvider());
        QueryMeter meter = new();
        ObservedOracle observed = new(oracle, "thief", meter);
        for (int i = 0; i < 10; i++)
        {
            await ToyOracle.AskAsync(observed, ToyOracle.Rows(0, 3));
        }

        Assert.Equal((30, 30), (meter.Asked, meter.Refused));
        Assert.Equal((TimeSpan.MaxValue, TimeSpan.MaxValue), (meter.ToldToWait, meter.Delayed));
    }

    [Fact]
    public async Task An_experiment_reports_queries_that_were_refused_and_the_time_it_would_have_taken()
    {
        ToyTarget target = new();
        SimulatedTimeProvider time = new();
        IOracle halved = new DelegateOracle(
            2,
            2,
            (inputs, released, _) =>
            {
                time.Advance(TimeSpan.FromHours(1));
                int half = inputs.Length / 4;
                target.Classify(inputs.Span[..(half * 2)], released.Span);
                return ValueTask.FromResult(new OracleReply(half, TimeSpan.FromMinutes(5)));
            },
            time);
        ExtractionSetup setup = new("toy", target, ToyTarget.Rows(1, 1000), ToyTarget.Rows(2, 200));
        Attack attack = new("naive", new PoolStrategy(), new NaiveRecovery(), new SurrogateOptions { Hidden = [], Steps = 50 });
        ExtractionResult refused = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, halved, attack, 600, 7, 1, default);
        Assert.Equal((600, 300, 0), (refused.Queries, refused.Answered, refused.Repeats));
        Assert.Equal(TimeSpan.FromHours(3), refused.Duration); // batches of 256, 256 and 88

        ExtractionResult open = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, attack, 600, 7, 1, default);
        Assert.Equal((600, 600, 0), (open.Queries, open.Answered, open.Repeats));
        Assert.Equal(TimeSpan.Zero, open.Duration);

        Attack padded = attack with { Through = (oracle, context) => new BenignPaddingOracle(oracle, setup.Test, 0.5, context.Seed) };
        ExtractionResult half = await ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, padded, 600, 7, 1, default);
        Assert.Equal((600, 600), (half.Queries, half.Answered)); // the padding's too: they cost budget

        // By rows the thief never had: where every label of them is wrong, a copy is right just where it disagrees.
        int[] wrong = [.. setup.Test.Values.ToArray().Chunk(2).Select(point => point[0] >= point[1] ? 1 : 0)];
        ExtractionSetup mislabelled = setup with { Test = new Dataset("wrong", setup.Test.Values, 2, wrong, 2) };
        ExtractionResult poor = await ExtractionExperiment.RunAsync(mislabelled, ReleasePolicy.None, attack with { Surrogate = new SurrogateOptions { Hidden = [], Steps = 2 } }, 20, 7, 1, default);
        Assert.Equal(1 - poor.Copy.Agreement, poor.Copy.Accuracy!.Value, 1e-9);

        IOracle closed = new DelegateOracle(2, 2, (_, _, _) => ValueTask.FromResult(new OracleReply(0)), time);
        ExtractionException nothing = await Assert.ThrowsAsync<ExtractionException>(
            () => ExtractionExperiment.RunAsync(setup, ReleasePolicy.None, closed, attack, 600, 7, 1, default));
        Assert.Contains("of 600 queries, 600 were refused", nothing.Message, StringComparison.Ordinal);
    }
}
