using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Run alone, so that a red test has one suspect.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTestGroup;

/// <summary>After warm-up a call allocates nothing: exactly 0 bytes.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    /// <summary>Beyond the query from which on a caller has a dossier, and the answers after which its history is first emptied.</summary>
    private const int WarmUp = 300;
    private const int Calls = 500;

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    public void Calls_with_spans(int rows)
    {
        using TestSession session = TestSession.Of(TestModels.Linear(width: 64), OutputKind.Logits);
        float[] input = TestModels.Weights(64 * rows);
        float[] released = new float[10 * rows];
        AllocatesNothing(() => Admit(session.Session.Run(session.Caller, input, released)));
    }

    [Fact]
    public void Calls_with_spans_that_change_between_two_batch_sizes()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(width: 64), OutputKind.Logits);
        float[] one = TestModels.Weights(64);
        float[] many = TestModels.Weights(64 * 32);
        float[] released = new float[10];
        float[] releasedMany = new float[10 * 32];
        AllocatesNothing(() =>
        {
            Admit(session.Session.Run(session.Caller, one, released));
            Admit(session.Session.Run(session.Caller, many, releasedMany));
        });
    }

    [Fact]
    public void Calls_of_a_model_with_a_fixed_batch()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(batch: 4), OutputKind.Logits);
        float[] input = TestModels.Weights(32);
        float[] released = new float[40];
        AllocatesNothing(() => Admit(session.Session.Run(session.Caller, input, released)));
        Assert.Equal(1, Requests.CountIn(session.Session));
    }

    [Fact]
    public void Calls_under_every_step_of_hardening_and_of_a_shield_that_only_observes()
    {
        HardeningOptions[] steps =
        [
            new() { KeyedNoiseBudget = 0.3, TopK = 3, Temperature = 2, Decimals = 4 },
            new() { Release = Release.LabelOnly },
        ];
        float[] input = TestModels.Weights(64);
        float[] released = new float[10];
        foreach (HardeningOptions hardening in steps)
        {
            foreach (ShieldMode mode in Enum.GetValues<ShieldMode>())
            {
                using TestSession session = TestSession.Of(
                    TestModels.Linear(width: 64), OutputKind.Logits, hardening: hardening, configure: options => options.Mode = mode);
                AllocatesNothing(() => Admit(session.Session.Run(session.Caller, input, released)));
            }
        }
    }

    [Fact]
    public void Requests_with_half_precision()
    {
        using TestSession session = TestSession.Of(TestModels.Cast(OnnxElementType.Float16, OnnxElementType.Float16), OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        Half[] input = [(Half)1, (Half)2, (Half)3, (Half)4];
        long[] shape = [1, 4];
        AllocatesNothing(() =>
        {
            request.SetInput<Half>(TestModels.Input, input, shape);
            Admit(session.Session.Run(session.Caller, request));
            Same(16, request.GetOutput(TestModels.Output)[3]);
        });
    }

    [Fact]
    public void Requests_with_integers()
    {
        using TestSession session = TestSession.Of(TestModels.Lookup(), OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        long[] input = [3, 1];
        long[] shape = [2, 1];
        AllocatesNothing(() =>
        {
            request.SetInput<long>(TestModels.Input, input, shape);
            Admit(session.Session.Run(session.Caller, request));
            Same(40, request.GetOutput(TestModels.Output)[0]);
        });
    }

    [Fact]
    public void Requests_with_several_inputs_outputs_and_state()
    {
        using TestSession session = TestSession.Of(TestModels.Recurrent(), [("score", OutputKind.Probabilities), ("next", OutputKind.State)]);
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] frame = TestModels.Weights(8);
        float[] state = new float[8];
        long[] shape = [2, 4];
        request.SetInput<long>("rate", [2], []);
        AllocatesNothing(() =>
        {
            request.SetInput<float>("frame", frame, shape);
            request.SetInput<float>("state", state, shape);
            Admit(session.Session.Run(session.Caller, request));
            request.GetState<float>("next").CopyTo(state);
            Same(4, request.GetOutput("score").Length);
        });
    }

    [Fact]
    public void Refused_calls()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(width: 64), OutputKind.Logits, configure: options =>
            options.Admission.Overflow = options.Admission.PerCaller = new LimitOptions { Queries = 1, Period = TimeSpan.FromDays(1), Burst = 1 });
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] input = TestModels.Weights(64);
        float[] released = new float[10];
        request.SetInput<float>(TestModels.Input, input, [1, 64]);
        Admit(session.Session.Run(session.Caller, input, released));
        AllocatesNothing(() =>
        {
            Refuse(session.Session.Run(session.Caller, input, released));
            Refuse(session.Session.Run(session.Caller, request));
        });
    }

    [Fact]
    public void Answers_from_the_cache_and_answers_that_are_kept()
    {
        using TestSession session = TestSession.Of(TestModels.Recurrent(), [("score", OutputKind.Probabilities)], options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } });
        using TestFolder folder = new();
        using TestSession lone = TestSession.Of(
            TestModels.Linear(width: 64),
            OutputKind.Logits,
            configure: options =>
            {
                options.Hardening.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5 } };
                (options.Evidence.File, options.Evidence.KeepInputs) = (folder.File("list"), true); // what is given again is written again
            },
            options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } });
        using TestSession several = TestSession.Of(
            TestModels.Classifier(), [("probabilities", OutputKind.Probabilities), ("embedding", OutputKind.Embedding)], options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } });
        using ShieldedRequest inputs = session.Session.CreateRequest();
        using ShieldedRequest outputs = several.Session.CreateRequest();
        float[] input = TestModels.Weights(128);
        float[] released = new float[20];
        long[] shape = [2, 4];
        long[] wide = [3, 8];
        inputs.SetInput<long>("rate", [2], []);
        foreach (float step in (float[])[0, 1])
        {
            int calls = 0;
            AllocatesNothing(() =>
            {
                calls++;
                input[0] += step; // 0: a hit each time but the first; 1: an answer that is kept
                input[64] += step;
                Admit(lone.Session.Run(lone.Caller, input, released));
                inputs.SetInput<float>("frame", input.AsSpan(0, 8), shape);
                inputs.SetInput<float>("state", input.AsSpan(8, 8), shape);
                Admit(session.Session.Run(session.Caller, inputs));
                outputs.SetInput<float>(TestModels.Input, input.AsSpan(0, 24), wide);
                Admit(several.Session.Run(several.Caller, outputs));
                Same(3, outputs.GetOutputShape("probabilities")[0]);
            });
            foreach ((TestSession of, int rows) in new[] { (lone, 2), (session, 2), (several, 3) })
            {
                AnswerCacheStatistics statistics = of.Session.GetAnswerCacheStatistics();
                Assert.Equal(step == 0 ? rows * (calls - 1) : rows * (calls + 1), step == 0 ? statistics.Hits : statistics.Misses);
            }
        }
    }

    private static void Admit(Admission admission)
    {
        if (!admission.IsAdmitted)
        {
            Assert.Fail("Refused.");
        }
    }

    // Assert.Equal allocates.
    private static void Same(float expected, float actual)
    {
        if (expected != actual)
        {
            Assert.Fail($"{actual} instead of {expected}.");
        }
    }

    private static void Refuse(Admission admission)
    {
        if (admission.IsAdmitted || admission.RetryAfter <= TimeSpan.Zero)
        {
            Assert.Fail("Admitted.");
        }
    }

    private static void AllocatesNothing(Action call)
    {
        for (int i = 0; i < WarmUp; i++)
        {
            call();
        }

        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < Calls; i++)
            {
                call();
            }
        }));
    }
}
