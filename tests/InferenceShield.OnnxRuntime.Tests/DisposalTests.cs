using System.Runtime.CompilerServices;
using InferenceShield.Lab;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Ends: of sessions and requests, while they are at work and after.</summary>
public sealed class DisposalTests
{
    private static readonly ShieldedSessionOptions s_twoAnswers = new() { MaxAnswersPerQuery = 2 };

    [Fact]
    public void Disposing_while_threads_ask_lets_admitted_calls_finish_and_refuses_the_others()
    {
        using TestFolder folder = new();
        using Shield shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Logits)]);
        string model = folder.Save(TestModels.Linear());
        CallerKey caller = shield.IdentifyCaller("caller");
        float[] input = [1, 2, 3, 4, 5, 6, 7, 8];
        float[] expected = new float[10];
        using (ShieldedSession session = TestSession.Open(shield, model))
        {
            session.Run(caller, input, expected);
        }

        for (int round = 0; round < 60; round++)
        {
            ShieldedSession session = TestSession.Open(shield, model);
            int answered = 0;
            bool disposed = false;
            Threads.Run(5, thread =>
            {
                if (thread == 0)
                {
                    Threads.WaitUntil(() => Volatile.Read(ref answered) > 20 * (round % 5));
                    session.Dispose();
                    Volatile.Write(ref disposed, true);
                    return;
                }

                try
                {
                    using ShieldedRequest request = session.CreateRequest();
                    float[] released = new float[10];
                    while (true)
                    {
                        bool late = Volatile.Read(ref disposed);
                        Array.Clear(released);
                        if (thread % 2 == 0)
                        {
                            Assert.True(session.Run(caller, input, released).IsAdmitted);
                        }
                        else
                        {
                            request.SetInput<float>(TestModels.Input, input, [1, 8]);
                            Assert.True(session.Run(caller, request).IsAdmitted);
                            request.GetOutput(TestModels.Output).CopyTo(released);
                        }

                        Assert.False(late, "A call was answered after Dispose had returned.");
                        Assertions.SameBits(expected, released);
                        Interlocked.Increment(ref answered);
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dispose_waits_for_the_call_under_way(bool wasGiven)
    {
        using Gate gate = new();
        using TestFolder folder = new();
        using Shield shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Regression)], clock: gate);
        string model = folder.Save(TestModels.Twice(["both", 4]));
        ShieldedSession session = wasGiven ? new ShieldedSession(shield, OpenBare(model), s_twoAnswers) : TestSession.Open(shield, model, s_twoAnswers);
        float[] released = new float[8];

        gate.Close();
        Task<Admission> running = session.RunAsync(shield.IdentifyCaller("caller"), new float[] { 1, 2, 3, 4 }, released);
        gate.WaitUntilReached();
        Task disposing = Task.Run(session.Dispose);
        Threads.WaitUntil(() => IsClosed(session));
        Assert.NotSame(disposing, await Task.WhenAny(disposing, Task.Delay(100)));
        gate.Open();

        await disposing;
        Assert.Equal([1f, 2, 3, 4, 1, 2, 3, 4], released);
        Assert.True((await running).IsAdmitted);

        static bool IsClosed(ShieldedSession session)
        {
            try
            {
                session.CreateRequest().Dispose();
                return false;
            }
            catch (ObjectDisposedException)
            {
                return true;
            }
        }
    }

    [Fact]
    public async Task Dispose_waits_for_the_model_at_work()
    {
        using TestSession session = TestSession.Of(TestModels.Slow(nodes: 400), OutputKind.Regression);
        float[] input = new float[TestModels.SlowWidth * 256];
        Array.Fill(input, 1);
        float[] released = new float[input.Length];
        Task<Admission> running = session.Session.RunAsync(session.Caller, input, released);
        Threads.WaitUntil(() => session.Shield.GetStatistics().Admitted > 0);
        session.Session.Dispose();

        Assert.NotEqual(0, Volatile.Read(ref released[^1]));
        Assert.True((await running).IsAdmitted);
    }

    [Fact]
    public async Task After_disposal_every_way_in_is_closed_and_says_so()
    {
        TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, new float[8], [1, 8]);
        session.Session.Run(session.Caller, request);
        session.Session.Dispose();
        session.Session.Dispose();

        Assert.Throws<ObjectDisposedException>(() => session.Session.Run(session.Caller, new float[8], new float[10]));
        Assert.Throws<ObjectDisposedException>(() => session.Session.Run(session.Caller, request));
        Assert.Throws<ObjectDisposedException>(() => session.Session.CreateRequest());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.Session.RunAsync(session.Caller, new float[8], new float[10]));
        Assert.Throws<ObjectDisposedException>(() => request.SetInput<float>(TestModels.Input, new float[8], [1, 8]));
        Assert.Throws<ObjectDisposedException>(() => request.GetOutput(TestModels.Output).Length);
        request.Dispose();
        Assert.Equal(1, session.Shield.GetStatistics().Admitted);
        session.Dispose();
    }

    [Fact]
    public void A_disposed_request_is_refused_and_the_session_goes_on()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, new float[8], [1, 8]);
        request.Dispose();
        request.Dispose();

        Assert.Throws<ObjectDisposedException>(() => session.Session.Run(session.Caller, request));
        Assert.Throws<ObjectDisposedException>(() => request.SetInput<float>(TestModels.Input, new float[8], [1, 8]));
        Assert.Throws<ObjectDisposedException>(() => request.GetOutput(TestModels.Output).Length);
        Assert.Equal(0, session.Shield.GetStatistics().Admitted);
        session.Ask(new float[8], 10);
    }

    [Fact]
    public async Task Disposing_a_request_during_its_call_frees_it_after_the_call()
    {
        using Gate gate = new();
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, clock: gate);
        ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, new float[8], [1, 8]);

        gate.Close();
        Task<Admission> running = session.Session.RunAsync(session.Caller, request);
        gate.WaitUntilReached();
        request.Dispose();

        Assert.Equal(1, Requests.CountIn(session.Session));
        Assert.Throws<ObjectDisposedException>(() => session.Session.Run(session.Caller, request));
        gate.Open();
        Assert.True((await running).IsAdmitted);
        Assert.Throws<ObjectDisposedException>(() => request.GetOutput(TestModels.Output).Length);
        Assert.Equal(0, Requests.CountIn(session.Session));
        session.Ask(new float[8], 10);
    }

    [Fact]
    public async Task A_request_disposed_at_the_very_end_of_its_call_is_freed_all_the_same()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        for (int round = 0; round < 3000; round++)
        {
            ShieldedRequest request = session.Session.CreateRequest();
            request.SetInput<float>(TestModels.Input, new float[8], [1, 8]);
            using ManualResetEventSlim begun = new();
            Task disposing = Task.Run(() =>
            {
                begun.Wait();
                Thread.SpinWait(round % 300);
                request.Dispose();
            });
            begun.Set();
            try
            {
                session.Session.Run(session.Caller, request);
            }
            catch (Exception exception) when (exception is ObjectDisposedException or InvalidOperationException)
            {
                // Disposed before the call began.
            }

            await disposing;
            Assert.Equal(0, Requests.CountIn(session.Session));
        }
    }

    [Theory]
    [InlineData(nameof(OnnxElementType.Float))]
    [InlineData(nameof(OnnxElementType.Float16))]
    public void An_answer_that_is_being_read_does_not_change_when_the_session_ends(string element)
    {
        OnnxElementType type = Enum.Parse<OnnxElementType>(element);
        using TestSession session = TestSession.Of(TestModels.Cast(OnnxElementType.Float, type), OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, [1, 2, 3, 4], [1, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        ReadOnlySpan<float> answer = request.GetOutput(TestModels.Output);
        session.Session.Dispose();
        Assert.Equal([1f, 4, 9, 16], answer.ToArray());
    }

    [Fact]
    public void A_request_works_with_its_own_session_only()
    {
        using TestSession one = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        using TestSession other = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        using ShieldedRequest request = one.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, new float[8], [1, 8]);

        Assertions.Says(Assert.Throws<ArgumentException>(() => other.Session.Run(other.Caller, request)).Message, "another session");
        Assert.Equal(0, other.Shield.GetStatistics().Admitted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_session_that_was_given_is_disposed_unless_it_is_to_stay_open(bool leaveOpen)
    {
        using TestFolder folder = new();
        using Shield shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Logits)]);
        using InferenceSession bare = OpenBare(folder.Save(TestModels.Linear()));
        float[] released = new float[10];
        using (ShieldedSession session = new(shield, bare, leaveOpen: leaveOpen))
        {
            Assert.True(session.Run(shield.IdentifyCaller("caller"), [1, 2, 3, 4, 5, 6, 7, 8], released).IsAdmitted);
            Assertions.IsReleased(released, Assertions.FirstOfLargest(released));
        }

        Assert.Equal(!leaveOpen, IsDisposed(bare));
        if (leaveOpen)
        {
            Assert.Equal(10, RunBare(bare));
        }
    }

    [Fact]
    public void A_session_that_was_given_without_a_declared_output_is_refused_and_stays_its_owner_s()
    {
        using TestFolder folder = new();
        using Shield shield = TestSession.BuildShield([("other", OutputKind.Logits)]);
        using InferenceSession bare = OpenBare(folder.Save(TestModels.Linear()));

        Assertions.Says(Assert.Throws<ModelFileException>(() => new ShieldedSession(shield, bare)).Message, "'other'", "y: Float [batch, 10]");
        Assert.Equal(10, RunBare(bare));
    }

    // Asked directly: running a disposed session ends the process.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_disposed")]
    private static extern ref bool IsDisposed(InferenceSession session);

    private static InferenceSession OpenBare(string model)
    {
        using SessionOptions options = TestSession.Quiet();
        return new InferenceSession(model, options);
    }

    private static int RunBare(InferenceSession session)
    {
        using RunOptions options = new();
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(new float[8], [1, 8]);
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, [TestModels.Input], [input], [TestModels.Output]);
        return outputs[0].GetTensorDataAsSpan<float>().Length;
    }
}
