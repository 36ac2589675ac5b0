namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Models with memory: the state goes to the host and back, bit for bit, and only where it is declared.</summary>
public sealed class StateTests
{
    [Fact]
    public void State_is_fed_back_over_many_steps_without_losing_a_bit()
    {
        const int Steps = 50;
        using TestSession session = TestSession.Of(TestModels.Recurrent(), [("score", OutputKind.Probabilities), ("next", OutputKind.State)]);
        using TestSession bare = TestSession.Of(
            TestModels.Recurrent(), [("score", OutputKind.Probabilities), ("next", OutputKind.Embedding)], options => options.Mode = ShieldMode.ObserveOnly);
        using ShieldedRequest request = session.Session.CreateRequest();
        using ShieldedRequest bareRequest = bare.Session.CreateRequest();
        request.SetInput<long>("rate", [3], []);
        bareRequest.SetInput<long>("rate", [3], []);
        float[] state = new float[8];
        for (int step = 0; step < Steps; step++)
        {
            float[] frame = [.. Enumerable.Range(step, 8).Select(value => MathF.Sin(value * 0.7f))];
            bareRequest.SetInput<float>("frame", frame, [2, 4]);
            bareRequest.SetInput<float>("state", state, [2, 4]);
            bare.Session.Run(bare.Caller, bareRequest);

            request.SetInput<float>("frame", frame, [2, 4]);
            if (step == 0)
            {
                request.SetInput<float>("state", state, [2, 4]);
            }
            else
            {
                request.SetInput("state", request.GetState<float>("next"), request.GetOutputShape("next"));
            }

            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);

            Assertions.SameBits(bareRequest.GetOutput("next"), request.GetState<float>("next"));
            for (int row = 0; row < 2; row++)
            {
                Assertions.IsReleased(
                    request.GetOutput("score").Slice(row * 2, 2), Assertions.FirstOfLargest(bareRequest.GetOutput("score").Slice(row * 2, 2)));
            }

            bareRequest.GetOutput("next").CopyTo(state);
        }

        // Full precision: not what rounding to a few digits would have left.
        Assert.Contains(state, value => value != (float)Math.Round(value, 5));
        Assert.Equal((2 * Steps, 2 * Steps), (session.Shield.GetStatistics().Admitted, session.Shield.GetStatistics().Hardened));
    }

    [Fact]
    public void State_that_is_not_declared_cannot_be_had()
    {
        using TestSession session = TestSession.Of(TestModels.Recurrent(), [("score", OutputKind.Probabilities)]);
        using ShieldedRequest request = Filled(session);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Equal(2, request.GetOutput("score").Length);
        Assert.Throws<ArgumentException>(() => request.GetState<float>("next").Length);
        Assert.Throws<ArgumentException>(() => request.GetOutput("next").Length);
        Assert.Throws<ArgumentException>(() => request.GetOutputShape("next").Length);
        Assert.Equal(["score"], session.Session.Outputs.Select(output => output.Name));
    }

    [Fact]
    public void State_and_answers_are_read_each_in_its_own_way()
    {
        using TestSession session = TestSession.Of(TestModels.Recurrent(), [("score", OutputKind.Probabilities), ("next", OutputKind.State)]);
        using ShieldedRequest request = Filled(session);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);

        Assertions.Says(Assert.Throws<ArgumentException>(() => request.GetOutput("next").Length).Message, "'next' is State", "GetState");
        Assertions.Says(Assert.Throws<ArgumentException>(() => request.GetState<float>("score").Length).Message, "'score' is Probabilities", "GetOutput");
        Assertions.Says(Assert.Throws<ArgumentException>(() => request.GetState<double>("next").Length).Message, "next: Float", "Double");
    }

    [Fact]
    public void State_of_a_call_that_was_refused_or_failed_cannot_be_read()
    {
        using TestSession session = TestSession.Of(TestModels.Recurrent(), [("score", OutputKind.Probabilities), ("next", OutputKind.State)], options =>
            options.Admission.Overflow = options.Admission.PerCaller = new LimitOptions { Queries = 1, Period = TimeSpan.FromDays(1), Burst = 1 });
        using ShieldedRequest request = Filled(session);
        Assert.Throws<InvalidOperationException>(() => request.GetState<float>("next").Length);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Equal(4, request.GetState<float>("next").Length);
        Assert.False(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Throws<InvalidOperationException>(() => request.GetState<float>("next").Length);
        Assert.Throws<InvalidOperationException>(() => request.GetOutput("score").Length);
        Assert.Throws<InvalidOperationException>(() => request.GetOutputShape("score").Length);
    }

    private static ShieldedRequest Filled(TestSession session)
    {
        ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>("frame", [1, 2, 3, 4], [1, 4]);
        request.SetInput<float>("state", new float[4], [1, 4]);
        request.SetInput<long>("rate", [2], []);
        return request;
    }
}
