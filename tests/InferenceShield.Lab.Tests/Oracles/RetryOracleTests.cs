namespace InferenceShield.Lab.Tests;

/// <summary>Waiting out refusals, in simulated time.</summary>
public sealed class RetryOracleTests
{
    [Fact]
    public async Task A_wait_on_the_simulated_clock_is_over_at_once_and_is_as_long_as_asked()
    {
        SimulatedTimeProvider time = new();
        DateTimeOffset start = time.GetUtcNow();
        await time.WaitAsync(TimeSpan.FromDays(100), default).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromDays(100), time.Elapsed);
        await time.WaitAsync(TimeSpan.FromTicks(1), default); // Task.Delay alone would not wait
        Assert.Equal(start + TimeSpan.FromDays(100) + TimeSpan.FromMilliseconds(1), time.GetUtcNow());
        Assert.Throws<NotSupportedException>(() => time.CreateTimer(_ => { }, null, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => time.WaitAsync(TimeSpan.FromDays(1), new CancellationToken(true)));
    }

    [Fact]
    public async Task Refused_rows_are_asked_again_after_the_wait_that_was_named()
    {
        SimulatedTimeProvider time = new();
        DateTimeOffset start = time.GetUtcNow();
        QueryMeter meter = new();
        IOracle limited = ToyOracle.Of(rows => rows > 3 ? new OracleReply(3, TimeSpan.FromMinutes(10), Unasked: rows - 4) : new OracleReply(rows), time);
        OracleReply reply = await ToyOracle.AskAsync(new RetryOracle(new ObservedOracle(limited, "thief", meter)), ToyOracle.Rows(0, 10));
        Assert.Equal(new OracleReply(10, Delay: TimeSpan.FromMinutes(30)), reply);
        Assert.Equal(TimeSpan.FromMinutes(30), time.GetUtcNow() - start);
        Assert.Equal((13, 10, 3, 0), (meter.Asked, meter.Answered, meter.Refused, meter.Repeats));
        Assert.Equal(TimeSpan.FromMinutes(30), meter.Duration);
    }

    [Fact]
    public async Task It_gives_up_when_waiting_does_not_help_or_takes_too_long()
    {
        SimulatedTimeProvider time = new();
        IOracle blocked = ToyOracle.Of(_ => new OracleReply(0, TimeSpan.FromDays(1), WaitingHelps: false), time);
        Assert.Equal(0, (await ToyOracle.AskAsync(new RetryOracle(blocked), ToyOracle.Rows(0, 4))).Answered);
        Assert.Equal(TimeSpan.Zero, time.Elapsed);

        IOracle slow = ToyOracle.Of(_ => new OracleReply(1, TimeSpan.FromMinutes(2)), time);
        OracleReply reply = await ToyOracle.AskAsync(new RetryOracle(slow, TimeSpan.FromMinutes(1)), ToyOracle.Rows(0, 4));
        Assert.Equal((1, TimeSpan.FromMinutes(2)), (reply.Answered, reply.RetryAfter));
        Assert.Equal(TimeSpan.Zero, time.Elapsed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task An_oracle_that_never_answers_is_left_after_waits_that_double(int milliseconds)
    {
        SimulatedTimeProvider time = new();
        int calls = 0;
        IOracle never = ToyOracle.Of(
            _ =>
            {
                calls++;
                return new OracleReply(0, TimeSpan.FromMilliseconds(milliseconds));
            },
            time);
        OracleReply reply = await ToyOracle.AskAsync(new RetryOracle(never, TimeSpan.FromHours(1)), ToyOracle.Rows(0, 4));
        Assert.Equal(0, reply.Answered);
        Assert.InRange(calls, 10, 30);
        Assert.InRange(time.Elapsed, TimeSpan.FromMinutes(30), TimeSpan.FromHours(2));
    }
}
