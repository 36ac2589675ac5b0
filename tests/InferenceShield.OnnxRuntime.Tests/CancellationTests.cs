namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Stopping calls: before, during and after the model's work.</summary>
public sealed class CancellationTests : IDisposable
{
    private const int Size = TestModels.SlowWidth;
    private const int Rows = 2048;

    /// <summary>Seconds of work, in nodes of less than a millisecond.</summary>
    private readonly TestSession _slow = TestSession.Of(TestModels.Slow(nodes: 3000), OutputKind.Regression);

    private readonly TestSession _fast = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
    private readonly float[] _input = TestModels.Weights(Rows * Size);
    private readonly float[] _released = new float[Rows * Size];

    [Fact]
    public async Task A_call_that_was_cancelled_before_is_not_charged()
    {
        CancellationToken cancelled = new(canceled: true);
        using ShieldedRequest request = _fast.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, new float[8], [1, 8]);

        Assert.Throws<OperationCanceledException>(() => _fast.Session.Run(_fast.Caller, new float[8], new float[10], cancelled));
        Assert.Throws<OperationCanceledException>(() => _fast.Session.Run(_fast.Caller, request, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _fast.Session.RunAsync(_fast.Caller, new float[8], new float[10], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _fast.Session.RunAsync(_fast.Caller, request, cancelled));

        Assert.Equal(0, _fast.Shield.GetStatistics().Admitted);
        Assert.True(_fast.Session.Run(_fast.Caller, request).IsAdmitted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_is_cancelled_stops_soon_and_the_session_goes_on(bool withRequest)
    {
        using ShieldedRequest request = _slow.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, _input, [Rows, Size]);
        for (int round = 0; round < 2; round++)
        {
            using CancellationTokenSource source = new();
            Array.Fill(_released, 7);
            long charged = _slow.Shield.GetStatistics().Admitted;
            Task<Admission> running = withRequest
                ? _slow.Session.RunAsync(_slow.Caller, request, source.Token)
                : _slow.Session.RunAsync(_slow.Caller, _input, _released, source.Token);
            Threads.WaitUntil(() => _slow.Shield.GetStatistics().Admitted > charged);
            await Task.Delay(20 * round);
            Assert.False(running.IsCompleted, "The model is not slow enough for this test.");

            source.Cancel(); // not CancelAsync, which waits for a thread of the pool that the other tests may all have taken
            OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(30)));

            Assert.Equal(source.Token, exception.CancellationToken);
            Assert.Equal(charged + Rows, _slow.Shield.GetStatistics().Admitted);
            Assert.Equal(0, _slow.Shield.GetStatistics().Hardened);
            Assert.All(_released, value => Assert.Equal(7, value));
            Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
        }
    }

    [Fact]
    public async Task A_request_whose_call_was_cancelled_serves_the_next_one()
    {
        using ShieldedRequest request = _slow.Session.CreateRequest();
        float[] one = _input[..Size];
        float[] expected = _slow.Ask(one, Size);
        for (int round = 0; round < 3; round++)
        {
            using CancellationTokenSource source = new();
            long charged = _slow.Shield.GetStatistics().Admitted;
            request.SetInput<float>(TestModels.Input, _input, [Rows, Size]);
            Task<Admission> running = _slow.Session.RunAsync(_slow.Caller, request, source.Token);
            Threads.WaitUntil(() => _slow.Shield.GetStatistics().Admitted > charged);
            source.Cancel(); // not CancelAsync, which waits for a thread of the pool that the other tests may all have taken
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

            request.SetInput<float>(TestModels.Input, one, [1, Size]);
            Assert.True(_slow.Session.Run(_slow.Caller, request).IsAdmitted);
            Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
        }
    }

    [Fact]
    public void A_token_cancelled_after_its_call_does_not_touch_the_next_one()
    {
        using ShieldedRequest request = _fast.Session.CreateRequest();
        float[] input = TestModels.Weights(8);
        float[] expected = _fast.Ask(input, 10);
        request.SetInput<float>(TestModels.Input, input, [1, 8]);
        for (int call = 0; call < 300; call++)
        {
            using CancellationTokenSource source = new();
            float[] released = new float[10];
            Assert.True(_fast.Session.Run(_fast.Caller, input, released, source.Token).IsAdmitted);
            Assert.True(_fast.Session.Run(_fast.Caller, request, source.Token).IsAdmitted);
            source.Cancel();
            Assertions.SameBits(expected, _fast.Ask(input, 10));
            Assert.True(_fast.Session.Run(_fast.Caller, request).IsAdmitted);
            Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
        }
    }

    [Fact]
    public void A_token_cancelled_at_the_very_end_of_its_call_either_stops_it_or_does_nothing()
    {
        using ShieldedRequest request = _fast.Session.CreateRequest();
        float[] input = TestModels.Weights(8);
        float[] expected = _fast.Ask(input, 10);
        request.SetInput<float>(TestModels.Input, input, [1, 8]);
        int stopped = 0;
        for (int call = 0; call < 2000; call++)
        {
            using CancellationTokenSource source = new();
            using ManualResetEventSlim go = new();
            Thread cancelling = new(() =>
            {
                go.Set();
                Thread.SpinWait(call % 200);
                source.Cancel();
            });
            cancelling.Start();
            go.Wait();
            try
            {
                Assert.True(_fast.Session.Run(_fast.Caller, request, source.Token).IsAdmitted);
                Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
            }
            catch (OperationCanceledException)
            {
                stopped++;
            }

            // The thread that cancels may still be at it.
            Assert.True(_fast.Session.Run(_fast.Caller, request).IsAdmitted);
            Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
            cancelling.Join();
        }

        Assert.InRange(stopped, 0, 2000);
    }

    [Fact]
    public void A_failure_of_the_model_is_not_taken_for_a_cancellation()
    {
        using CancellationTokenSource source = new();
        using TestSession session = TestSession.Of(TestModels.Lookup(), OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<long>(TestModels.Input, [99], [1, 1]);
        Assert.Throws<ModelRunException>(() => session.Session.Run(session.Caller, request, source.Token));
    }

    public void Dispose()
    {
        _slow.Dispose();
        _fast.Dispose();
    }
}
