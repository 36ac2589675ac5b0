using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Answers that cannot be released: the error names row and class, nothing leaks, and the next call is fine.</summary>
public sealed class InvalidModelOutputTests
{
    public static TheoryData<OutputKind, float, string> Faults { get; } = new()
    {
        { OutputKind.Regression, -1, "NaN" },
        { OutputKind.Regression, 0, "-Infinity" },
        { OutputKind.Embedding, -1, "NaN" },
        { OutputKind.Embedding, 0, "-Infinity" },
        { OutputKind.Logits, -1, "NaN" },
        { OutputKind.Logits, 0, "-Infinity" },
        { OutputKind.Probabilities, -1, "NaN" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void The_row_and_class_are_named_and_the_span_is_zeroed(OutputKind kind, float poison, string what)
    {
        using TestSession session = TestSession.Of(TestModels.Logarithm(), kind);
        float[] input = [.. LogarithmsSumTo1, .. LogarithmsSumTo1, .. LogarithmsSumTo1];
        float[] expected = session.Ask(input, 12);
        Assert.NotEqual(0, expected[^1]);
        float[] released = [.. expected];
        input[6] = poison;

        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, input, released));

        Assertions.Says(exception.Message, "'y'", what, "row 1, class 2");
        Assert.Equal((TestModels.Output, 1, 2), (exception.Output, exception.Row, exception.Class));
        Assertions.AllZero(released);
        input[6] = LogarithmsSumTo1[2];
        Assertions.SameBits(expected, session.Ask(input, 12));
        ShieldStatistics statistics = session.Shield.GetStatistics();
        Assert.Equal((9, 6), (statistics.Admitted, statistics.Hardened));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void The_outputs_of_a_request_cannot_be_read(OutputKind kind, float poison, string what)
    {
        using TestSession session = TestSession.Of(TestModels.Logarithm(), kind);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, LogarithmsSumTo1, [1, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        float[] expected = request.GetOutput(TestModels.Output).ToArray();
        ReadOnlySpan<float> stale = request.GetOutput(TestModels.Output);

        request.SetInput<float>(TestModels.Input, [1, 2, poison, 3], [1, 4]);
        Assertions.Says(Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, request)).Message, what);

        Assertions.Says(Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length).Message, "IsAdmitted");
        Assert.Throws<InvalidOperationException>(() => request.GetOutputShape(TestModels.Output).Length);
        Assertions.AllZero(stale); // who kept the span from the call before has nothing of this one
        request.SetInput<float>(TestModels.Input, LogarithmsSumTo1, [1, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
    }

    [Fact]
    public void A_fault_in_one_output_keeps_back_all()
    {
        OnnxGraph graph = new OnnxGraph("both")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 4])
            .AddNode("Softmax", [TestModels.Input], ["a"], new OnnxAttribute("axis", -1))
            .AddNode("Log", [TestModels.Input], ["b"])
            .AddNode("Softmax", [TestModels.Input], ["c"], new OnnxAttribute("axis", -1))
            .AddNode("Tanh", [TestModels.Input], ["d"])
            .AddOutput("a", OnnxElementType.Float, ["batch", 4])
            .AddOutput("b", OnnxElementType.Float, ["batch", 4])
            .AddOutput("c", OnnxElementType.Float, ["batch", 4])
            .AddOutput("d", OnnxElementType.Float, ["batch", 4]);
        using TestSession session = TestSession.Of(
            graph, [("a", OutputKind.Probabilities), ("b", OutputKind.Embedding), ("c", OutputKind.Probabilities), ("d", OutputKind.State)]);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, [1, 2, 3, 4], [1, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        ReadOnlySpan<float> hardened = request.GetOutput("a");
        ReadOnlySpan<float> faulty = request.GetOutput("b");
        ReadOnlySpan<float> clean = request.GetOutput("c");
        ReadOnlySpan<float> state = request.GetState<float>("d");
        request.SetInput<float>(TestModels.Input, [1, 2, -3, 4], [1, 4]);

        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, request));

        Assert.Equal("b", exception.Output);
        foreach (string output in (string[])["a", "b", "c"])
        {
            Assert.Throws<InvalidOperationException>(() => request.GetOutput(output).Length);
        }

        Assert.Throws<InvalidOperationException>(() => request.GetState<float>("d").Length);

        // Nor by who kept the spans of the call before.
        Assertions.AllZero(hardened);
        Assertions.AllZero(faulty);
        Assertions.AllZero(clean);
        Assertions.AllZero(state);
    }

    [Fact]
    public void A_negative_probability_is_no_probability()
    {
        OnnxGraph graph = new OnnxGraph("identity")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 3])
            .AddNode("Identity", [TestModels.Input], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 3]);
        using TestSession session = TestSession.Of(graph, OutputKind.Probabilities);
        float[] released = [7, 7, 7, 7, 7, 7];
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() =>
            session.Session.Run(session.Caller, [.2f, .3f, .5f, .6f, -.1f, .5f], released));
        Assertions.Says(exception.Message, "row 1, class 1 is negative");
        Assertions.AllZero(released);
    }

    [Fact]
    public void A_shield_that_only_observes_keeps_back_what_cannot_be_released_too()
    {
        using TestSession session = TestSession.Of(TestModels.Logarithm(), OutputKind.Regression, configure: options => options.Mode = ShieldMode.ObserveOnly);
        float[] released = [7, 7, 7, 7];
        Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, [1, 2, -1, 3], released));
        Assertions.AllZero(released);
    }

    /// <summary>Numbers whose logarithms are .1, .2, .3 and .4.</summary>
    private static float[] LogarithmsSumTo1 { get; } = [MathF.Exp(.1f), MathF.Exp(.2f), MathF.Exp(.3f), MathF.Exp(.4f)];
}
