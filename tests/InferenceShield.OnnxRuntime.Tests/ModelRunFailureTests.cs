using InferenceShield.Lab;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Models that fail at work: an error without the model's insides, charged, and the next call is fine.</summary>
public sealed class ModelRunFailureTests
{
    [Fact]
    public void A_failed_run_says_nothing_of_the_model_and_stays_charged()
    {
        using TestSession session = TestSession.Of(TestModels.Lookup(), OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<long>(TestModels.Input, [1, 2], [2, 1]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Equal([20f, 30], request.GetOutput(TestModels.Output).ToArray());
        for (int call = 1; call <= 3; call++)
        {
            request.SetInput<long>(TestModels.Input, [1, 5], [2, 1]);
            ModelRunException exception = Assert.Throws<ModelRunException>(() => session.Session.Run(session.Caller, request));

            Assertions.Says(exception.Message, "'model'", "Nothing is released");
            Assert.DoesNotContain("Gather", exception.Message, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("secret_table", exception.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("Gather", Assert.IsType<OnnxRuntimeException>(exception.InnerException).Message, StringComparison.Ordinal);
            Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
            Assert.Equal(2 + (4 * call) - 2, session.Shield.GetStatistics().Admitted);

            request.SetInput<long>(TestModels.Input, [4, 0], [2, 1]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            Assert.Equal([50f, 10], request.GetOutput(TestModels.Output).ToArray());
        }
    }

    [Fact]
    public void A_failed_run_through_spans_releases_nothing()
    {
        OnnxGraph graph = new OnnxGraph("lookup")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 1])
            .AddInitializer<float>("table", [5], [10, 20, 30, 40, 50])
            .AddNode("Cast", [TestModels.Input], ["index"], new OnnxAttribute("to", (long)OnnxElementType.Int64))
            .AddNode("Gather", ["table", "index"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 1]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        float[] released = [7, 7];
        Assert.Throws<ModelRunException>(() => session.Session.Run(session.Caller, [1, 99], released));
        Assert.Equal([7f, 7], released);
        Assert.Equal(2, session.Shield.GetStatistics().Admitted);
        Assert.Equal(0, session.Shield.GetStatistics().Hardened);
        Assert.Equal([20f, 10], session.Ask([1, 0], 2));
    }

    [Fact]
    public void An_answer_larger_than_memory_can_hold_is_a_failed_run_and_the_next_one_is_fine()
    {
        const int Width = 1_000_000;
        OnnxGraph graph = new OnnxGraph("wide")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 1])
            .AddInitializer<long>("width", [2], [1, Width])
            .AddNode("Expand", [TestModels.Input, "width"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", Width]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        Ask(rows: 1);
        for (int call = 0; call < 2; call++)
        {
            request.SetInput<float>(TestModels.Input, new float[600], [600, 1]);
            Assert.Throws<ModelRunException>(() => session.Session.Run(session.Caller, request));
            Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
        }

        Ask(rows: 2);

        void Ask(int rows)
        {
            float[] input = new float[rows];
            input[^1] = 3;
            request.SetInput<float>(TestModels.Input, input, [rows, 1]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            Assert.Equal(rows * Width, request.GetOutput(TestModels.Output).Length);
            Assert.Equal(3, request.GetOutput(TestModels.Output)[^1]);
        }
    }
}
