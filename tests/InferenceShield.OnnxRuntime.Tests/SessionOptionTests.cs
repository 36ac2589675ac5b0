using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Options of a session: all faults at once, and none of them lets anything through.</summary>
public sealed class SessionOptionTests
{
    [Fact]
    public void Every_fault_is_named_with_its_key_and_what_is_allowed()
    {
        ShieldedSessionOptions options = new() { NonFiniteInputs = (NonFiniteInputs)7, IntraOpThreads = -1, Device = new ExecutionDevice { Kind = (ExecutionDeviceKind)9 } };
        using Shield shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Logits)]);
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => new ShieldedSession(shield, "nothing.onnx", options));
        Assert.Equal(3, exception.Failures.Count());
        Assertions.Says(
            exception.Message,
            "model: Session:NonFiniteInputs is 7", "Reject or Allow",
            "Session:IntraOpThreads is -1", "0 to 1,024",
            "Session:Device:Kind is 9", "Cpu or Cuda");
        Assertions.Says(
            Assert.Throws<OptionsValidationException>(() => new ShieldedSession(shield, "nothing.onnx", new ShieldedSessionOptions { Device = null!, IntraOpThreads = 1025 })).Message,
            "Device:Kind is null", "IntraOpThreads is 1025");
    }

    [Fact]
    public void A_session_that_was_given_is_held_to_them_too()
    {
        using TestFolder folder = new();
        using Shield shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Logits)]);
        using InferenceSession bare = new(folder.Save(TestModels.Linear()));
        Assert.Throws<OptionsValidationException>(() => new ShieldedSession(shield, bare, new ShieldedSessionOptions { NonFiniteInputs = (NonFiniteInputs)7 }));
        Assert.Throws<ModelFileException>(() => new ShieldedSession(shield, bare, new ShieldedSessionOptions { RowInput = "nothing" }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1024)]
    public void Threads_may_be_few_and_many(int threads)
    {
        if (threads > 2 * Environment.ProcessorCount)
        {
            new ShieldedSessionOptions { IntraOpThreads = threads }.Validated("model");
            return;
        }

        using TestFolder folder = new();
        using Shield shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Logits)]);
        using ShieldedSession session = new(shield, folder.Save(TestModels.Linear()), new ShieldedSessionOptions { IntraOpThreads = threads });
        Assert.True(session.Run(shield.IdentifyCaller("caller"), new float[8], new float[10]).IsAdmitted);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(-1, false)]
    [InlineData(4097, false)]
    [InlineData(1, true)]
    [InlineData(4096, true)]
    public void The_answer_cache_has_one_megabyte_to_four_gigabytes(int megabytes, bool valid)
    {
        ShieldedSessionOptions options = new() { AnswerCache = new AnswerCacheOptions { Megabytes = megabytes } };
        if (valid)
        {
            Assert.Equal(megabytes, options.Validated("model").AnswerCache!.Megabytes);
            return;
        }

        Assertions.Says(
            Assert.Throws<OptionsValidationException>(() => options.Validated("model")).Message, $"model: Session:AnswerCache:Megabytes is {megabytes}", "1 to 4,096");
    }

    [Fact]
    public void The_answer_cache_is_off_by_default_and_a_session_has_a_copy_of_its_options()
    {
        Assert.Null(new ShieldedSessionOptions().Validated("model").AnswerCache);
        ShieldedSessionOptions options = new() { AnswerCache = new AnswerCacheOptions() };
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, options: options);
        options.AnswerCache.Megabytes = 2;
        Assert.Equal(64, session.Session.Options.AnswerCache!.Megabytes);
    }

    [Fact]
    public void The_width_of_a_row_is_known_where_spans_can_be_used()
    {
        Assert.Equal((8, 10), Widths(TestModels.Linear()));
        Assert.Equal((8, 10), Widths(TestModels.Linear(batch: 4)));
        Assert.Equal((8, 10), Widths(TestModels.Linear(batch: TestModels.Unnamed)));
        Assert.Equal((0, 0), Widths(TestModels.Sequence(10)));

        static (int, int) Widths(Lab.OnnxGraph graph)
        {
            using TestSession session = TestSession.Of(graph, OutputKind.Logits);
            return (session.Session.InputWidth, session.Session.OutputWidth);
        }
    }
}
