namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Many threads on one session: nobody gets anybody else's answer.</summary>
public sealed class ConcurrencyTests(Fashion fashion) : IClassFixture<Fashion>
{
    private const int ThreadCount = 8;

    [Fact]
    public void Answers_of_eight_threads_are_those_of_one_bit_for_bit()
    {
        const int Calls = 1500;
        using TestSession alone = TestSession.Of(TestModels.Linear(), OutputKind.Logits, hardening: new HardeningOptions { KeyedNoiseBudget = 0.5, Decimals = 5 });
        using TestSession shared = TestSession.Of(TestModels.Linear(), OutputKind.Logits, hardening: new HardeningOptions { KeyedNoiseBudget = 0.5, Decimals = 5 });
        (float[] Input, float[] Expected)[][] calls = [.. Enumerable.Range(0, ThreadCount).Select(thread =>
        {
            Random random = new(thread);
            return Enumerable.Range(0, Calls).Select(_ =>
            {
                float[] input = new float[8 * random.Next(1, 17)];
                for (int i = 0; i < input.Length; i++)
                {
                    input[i] = random.Next(-64, 65) / 8f;
                }

                return (input, alone.Ask(input, input.Length / 8 * 10));
            }).ToArray();
        })];

        Threads.Run(ThreadCount, thread =>
        {
            using ShieldedRequest request = shared.Session.CreateRequest();
            CallerKey caller = shared.Shield.IdentifyCaller("caller " + thread);
            for (int call = 0; call < Calls; call++)
            {
                (float[] input, float[] expected) = calls[thread][call];
                if (call % 2 == 0)
                {
                    float[] released = new float[expected.Length];
                    Assert.True(shared.Session.Run(caller, input, released).IsAdmitted);
                    Assertions.SameBits(expected, released);
                }
                else
                {
                    request.SetInput<float>(TestModels.Input, input, [input.Length / 8, 8]);
                    Assert.True(shared.Session.Run(caller, request).IsAdmitted);
                    Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
                }
            }
        });

        Assert.Equal(calls.Sum(thread => thread.Sum(call => call.Input.Length / 8L)), shared.Shield.GetStatistics().Admitted);
    }

    [Fact]
    public void A_real_model_answers_eight_threads_as_it_answers_one()
    {
        using TestSession session = TestSession.OfFile(Fashion.Model, "probabilities", OutputKind.Probabilities);
        float[] expected = fashion.Released(session, 10, batch: 1);
        Threads.Run(ThreadCount, thread =>
        {
            Random random = new(thread);
            for (int call = 0; call < 250; call++)
            {
                int rows = random.Next(1, 5);
                int first = random.Next(fashion.Data.Count - rows);
                Assertions.SameBits(expected.AsSpan(first * 10, rows * 10), session.Ask(fashion.Rows(first, rows), rows * 10));
            }
        });
    }

    [Fact]
    public void Calls_that_fail_do_not_disturb_those_beside_them()
    {
        using TestSession session = TestSession.Of(TestModels.Logarithm(), OutputKind.Regression);
        float[] expected = session.Ask([1, 2, 3, 4], 4);
        Threads.Run(ThreadCount, thread =>
        {
            float[] released = new float[4];
            for (int call = 0; call < 1000; call++)
            {
                switch ((call + thread) % 4)
                {
                    case 0:
                        Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, [1, -1, 3, 4], released));
                        Assertions.AllZero(released);
                        break;
                    case 1:
                        Assert.Throws<InvalidQueryException>(() => session.Session.Run(session.Caller, [1, float.NaN, 3, 4], released));
                        break;
                    default:
                        Assertions.SameBits(expected, session.Ask([1, 2, 3, 4], 4));
                        break;
                }
            }
        });
    }

    [Fact]
    public async Task One_request_serves_one_call_at_a_time()
    {
        using Gate gate = new();
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, clock: gate);
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] input = TestModels.Weights(8);
        float[] expected = session.Ask(input, 10);
        request.SetInput<float>(TestModels.Input, input, [1, 8]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Equal(10, request.GetOutput(TestModels.Output).Length);

        gate.Close();
        Task<Admission> running = session.Session.RunAsync(session.Caller, request);
        gate.WaitUntilReached();

        Assertions.Says(Assert.Throws<InvalidOperationException>(() => session.Session.Run(session.Caller, request)).Message, "another call", "one request per concurrent call");
        Assertions.Says(Assert.Throws<InvalidOperationException>(() => request.SetInput<float>(TestModels.Input, new float[8], [1, 8])).Message, "another call");
        Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
        gate.Open();
        Assert.True((await running).IsAdmitted);
        Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
        Assert.Equal(3, session.Shield.GetStatistics().Admitted);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
    }

    [Fact]
    public async Task Asynchronous_calls_answer_as_synchronous_ones()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        float[][] inputs = [.. Enumerable.Range(0, 200).Select(i => Enumerable.Range(i, 8).Select(value => value % 13 / 2f).ToArray())];
        float[][] released = [.. inputs.Select(_ => new float[10])];

        Admission[] admissions = await Task.WhenAll(inputs.Select((input, i) => session.Session.RunAsync(session.Caller, input, released[i])));

        Assert.All(admissions, admission => Assert.True(admission.IsAdmitted));
        for (int i = 0; i < inputs.Length; i++)
        {
            Assertions.SameBits(session.Ask(inputs[i], 10), released[i]);
        }
    }
}
