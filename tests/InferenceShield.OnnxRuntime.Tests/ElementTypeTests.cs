using InferenceShield.Lab;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>What models take and give beside float32.</summary>
public sealed class ElementTypeTests
{
    private const OnnxElementType UInt16 = (OnnxElementType)4;
    private const OnnxElementType Int16 = (OnnxElementType)5;
    private const OnnxElementType UInt32 = (OnnxElementType)12;
    private const OnnxElementType UInt64 = (OnnxElementType)13;

    private static readonly HardeningOptions s_sixDigits = new() { SignificantDigits = 6 };

    [Fact]
    public void Inputs_of_every_type_reach_the_model()
    {
        Squares<float>(OnnxElementType.Float, [1, 2, 3, 12]);
        Squares<double>(OnnxElementType.Double, [1, 2, 3, 12]);
        Squares<Half>(OnnxElementType.Float16, [(Half)1, (Half)2, (Half)3, (Half)12]);
        Squares<Float16>(OnnxElementType.Float16, [(Float16)1, (Float16)2, (Float16)3, (Float16)12]);
        Squares<BFloat16>(OnnxElementType.BFloat16, [(BFloat16)1, (BFloat16)2, (BFloat16)3, (BFloat16)12]);
        Squares<long>(OnnxElementType.Int64, [1, 2, 3, 12]);
        Squares<int>(OnnxElementType.Int32, [1, 2, 3, 12]);
        Squares<short>(Int16, [1, 2, 3, 12]);
        Squares<sbyte>(OnnxElementType.Int8, [1, 2, 3, 12]);
        Squares<ulong>(UInt64, [1, 2, 3, 12]);
        Squares<uint>(UInt32, [1, 2, 3, 12]);
        Squares<ushort>(UInt16, [1, 2, 3, 12]);
        Squares<byte>(OnnxElementType.UInt8, [1, 2, 3, 12]);
        Assert.Equal([1, 0, 0, 1], Ask<bool>(OnnxElementType.Bool, OnnxElementType.Float, [true, false, false, true]));

        static void Squares<T>(OnnxElementType type, T[] input)
            where T : unmanaged => Assert.Equal([1, 4, 9, 144], Ask(type, OnnxElementType.Float, input));
    }

    [Theory]
    [InlineData(nameof(OnnxElementType.Float))]
    [InlineData(nameof(OnnxElementType.Double))]
    [InlineData(nameof(OnnxElementType.Float16))]
    [InlineData(nameof(OnnxElementType.BFloat16))]
    public void Outputs_of_every_real_type_are_released_as_float32(string element) =>
        Assert.Equal([0.25f, 4, 9, 144], Ask<float>(OnnxElementType.Float, Enum.Parse<OnnxElementType>(element), [0.5f, -2, 3, 12]));

    [Theory]
    [InlineData(nameof(OnnxElementType.Float16))]
    [InlineData(nameof(OnnxElementType.BFloat16))]
    [InlineData(nameof(OnnxElementType.Double))]
    public void Distributions_of_every_real_type_are_hardened_like_those_of_float32(string element)
    {
        OnnxElementType type = Enum.Parse<OnnxElementType>(element);
        OnnxGraph graph = new OnnxGraph("softmax")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 4])
            .AddNode("Softmax", [TestModels.Input], ["p"], new OnnxAttribute("axis", -1))
            .AddNode("Cast", ["p"], [TestModels.Output], new OnnxAttribute("to", (long)type))
            .AddOutput(TestModels.Output, type, ["batch", 4]);
        using TestSession session = TestSession.Of(graph, OutputKind.Probabilities);
        float[] released = session.Ask([0, 3, 1, 2, 9, 0, 0, 8.5f], 8);
        Assert.Equal([0.03f, 0.64f, 0.09f, 0.24f, 0.62f, 0, 0, 0.38f], released);
        Assertions.IsReleased(released.AsSpan(0, 4), top: 1);
        Assertions.IsReleased(released.AsSpan(4), top: 0);
        Assertions.SameBits(released.AsSpan(4), session.Ask([9, 0, 0, 8.5f], 4));
    }

    [Theory]
    [InlineData(OutputKind.Logits)]
    [InlineData(OutputKind.Probabilities)]
    public void The_leading_class_is_the_model_s_though_float32_cannot_tell_it_from_the_next(OutputKind kind)
    {
        const double Little = 1e-12;
        OnnxGraph graph = new OnnxGraph("identity")
            .AddInput(TestModels.Input, OnnxElementType.Double, ["batch", 4])
            .AddNode("Identity", [TestModels.Input], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Double, ["batch", 4]);
        using TestSession session = TestSession.Of(graph, kind);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<double>(
            TestModels.Input, [.3 - Little, .3 - Little, .3 + Little, .1 + Little, .5, .5 - Little, 0, Little, 0, .25 - Little, .375, .375 + Little], [3, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        foreach ((int row, int top) in new[] { (0, 2), (1, 0), (2, 3) })
        {
            Assertions.IsReleased(request.GetOutput(TestModels.Output).Slice(row * 4, 4), top);
        }
    }

    [Fact]
    public void A_double_beyond_float32_is_no_answer()
    {
        OnnxGraph graph = new OnnxGraph("large")
            .AddInput(TestModels.Input, OnnxElementType.Double, ["batch", 2])
            .AddNode("Identity", [TestModels.Input], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Double, ["batch", 2]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<double>(TestModels.Input, [1, 2, 3, 1e300], [2, 2]);
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, request));
        Assert.Equal((1, 1), (exception.Row, exception.Class));
        Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
    }

    [Fact]
    public void Integers_cannot_be_hardened_and_are_not_passed_on()
    {
        ModelFileException exception = Assert.Throws<ModelFileException>(() =>
            TestSession.Of(TestModels.Classifier(), OutputKind.Probabilities, output: "label"));
        Assertions.Says(exception.Message, "label: Int64 [batch]", "Probabilities", "Leave it undeclared");
    }

    [Theory]
    [InlineData(nameof(OnnxElementType.Int64))]
    [InlineData(nameof(OnnxElementType.Bool))]
    [InlineData(nameof(OnnxElementType.Float16))]
    public void State_of_any_type_is_passed_through(string element)
    {
        OnnxElementType type = Enum.Parse<OnnxElementType>(element);
        OnnxGraph graph = TestModels.Cast(type, type);
        if (type == OnnxElementType.Bool)
        {
            graph = new OnnxGraph("not").AddInput(TestModels.Input, type, ["batch", 4]).AddNode("Not", [TestModels.Input], [TestModels.Output]).AddOutput(TestModels.Output, type, ["batch", 4]);
        }

        using TestSession session = TestSession.Of(graph, OutputKind.State);
        using ShieldedRequest request = session.Session.CreateRequest();
        switch (type)
        {
            case OnnxElementType.Int64:
                request.SetInput<long>(TestModels.Input, [1, 2, 3, 4], [1, 4]);
                session.Session.Run(session.Caller, request);
                Assert.Equal([1L, 4, 9, 16], request.GetState<long>(TestModels.Output).ToArray());
                break;
            case OnnxElementType.Bool:
                request.SetInput<bool>(TestModels.Input, [true, false, false, true], [1, 4]);
                session.Session.Run(session.Caller, request);
                Assert.Equal([false, true, true, false], request.GetState<bool>(TestModels.Output).ToArray());
                break;
            default:
                request.SetInput<Half>(TestModels.Input, [(Half)1, (Half)2, (Half)3, (Half)4], [1, 4]);
                session.Session.Run(session.Caller, request);
                Assert.Equal([(Half)1, (Half)4, (Half)9, (Half)16], request.GetState<Half>(TestModels.Output).ToArray());
                break;
        }
    }

    [Fact]
    public void A_model_that_takes_text_is_refused()
    {
        OnnxGraph graph = new OnnxGraph("text")
            .AddInput("words", OnnxElementType.String, ["batch", 1])
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 1])
            .AddNode("Identity", [TestModels.Input], [TestModels.Output])
            .AddNode("Identity", ["words"], ["echo"])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 1])
            .AddOutput("echo", OnnxElementType.String, ["batch", 1]);
        Assertions.Says(Assert.Throws<ModelFileException>(() => TestSession.Of(graph, OutputKind.Logits)).Message, "words: String", "cannot be passed");
        Assertions.Says(Assert.Throws<ModelFileException>(() => TestSession.Of(graph, OutputKind.State, output: "echo")).Message, "echo: String", "State");
    }

    private static float[] Ask<T>(OnnxElementType from, OnnxElementType to, T[] input)
        where T : unmanaged
    {
        using TestSession session = TestSession.Of(TestModels.Cast(from, to), OutputKind.Regression, hardening: s_sixDigits);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<T>(TestModels.Input, input, [1, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        return request.GetOutput(TestModels.Output).ToArray();
    }
}
