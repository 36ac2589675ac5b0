using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Lab;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Queries that cannot be asked: an error that says what and where, nothing charged, and the session goes on.</summary>
public sealed class InvalidQueryTests : IDisposable
{
    private readonly TestSession _session = TestSession.Of(
        new OnnxGraph("two")
            .AddInput("image", OnnxElementType.Float, ["batch", "height", 2])
            .AddInput("mask", OnnxElementType.Int64, ["batch", "height"])
            .AddInput("gain", OnnxElementType.Float, [])
            .AddInitializer<long>("last", [1], [-1])
            .AddNode("Cast", ["mask"], ["weight"], new OnnxAttribute("to", (long)OnnxElementType.Float))
            .AddNode("Unsqueeze", ["weight", "last"], ["wide"])
            .AddNode("Mul", ["image", "wide"], ["masked"])
            .AddNode("Mul", ["masked", "gain"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", "height", 2]),
        OutputKind.Regression,
        configure: options => options.Admission.MaxRowsPerCall = 8);

    private readonly TestSession _linear = TestSession.Of(
        TestModels.Linear(), OutputKind.Logits, configure: options => options.Admission.MaxRowsPerCall = 8);

    private readonly ShieldedRequest _request;

    public InvalidQueryTests()
    {
        _request = _session.Session.CreateRequest();
        SetAll();
    }

    public static TheoryData<string, long[], string> WrongShapes { get; } = new()
    {
        { "image", [1, 1], "has 2 dimensions" },
        { "image", [1, 1, 1, 2], "has 4 dimensions" },
        { "image", [], "has 0 dimensions" },
        { "image", [1, 2, 1], "dimension 2 is 1" },
        { "image", [1, 1, 3], "dimension 2 is 3" },
        { "image", [0, 1, 2], "dimension 0 is 0" },
        { "image", [1, 0, 2], "dimension 1 is 0" },
        { "image", [-1, 1, 2], "dimension 0 is -1" },
        { "image", [-1, -1, 2], "dimension 0 is -1" },
        { "image", [2, 1, 2], "not the 2 elements" },
        { "image", [1, 2, 2], "not the 2 elements" },
        { "image", [1, int.MaxValue, 2], "not the 2 elements" },
        { "image", [1, (1L << 32) + 1, 2], "not the 2 elements" },
        { "image", [2, long.MaxValue, 2], "not the 2 elements" },
        { "image", [8, (1L << 60) + 1, 2], "not the 2 elements" },
        { "image", [3, 3_074_457_345_618_258_603, 2], "not the 2 elements" }, // 2^64 + 2 elements
        { "image", [long.MinValue, 1, 2], "dimension 0 is -9223372036854775808" },
        { "gain", [1], "has 1 dimensions" },
    };

    public static TheoryData<long[]> TooManyRows { get; } =
    [
        [9, 1, 2],
        [int.MaxValue, int.MaxValue, 2],
        [1L << 32, 1L << 32, 2],
        [long.MaxValue, long.MaxValue, 2],
        [(1L << 62) + 1, 4, 2],
    ];

    public static TheoryData<float> NotFinite { get; } = [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    [Theory]
    [MemberData(nameof(WrongShapes))]
    public void Shapes_that_do_not_fit(string input, long[] shape, string what)
    {
        InvalidQueryException exception = Throws<InvalidQueryException>(() => _request.SetInput<float>(input, new float[2], shape));
        Assertions.Says(exception.Message, input + ": Float [", $"[{string.Join(", ", shape)}]", what);
    }

    [Fact]
    public void A_name_that_the_model_does_not_have()
    {
        foreach (string name in (string[])["images", "Image", "", TestModels.Output])
        {
            InvalidQueryException exception = Throws<InvalidQueryException>(() => _request.SetInput<float>(name, [1, 2], [1, 1, 2]));
            Assertions.Says(exception.Message, $"'{name}'", "image: Float [batch, height, 2]", "mask: Int64 [batch, height]", "gain: Float []");
        }
    }

    [Fact]
    public void A_type_that_the_input_does_not_take()
    {
        Assertions.Says(Throws<InvalidQueryException>(() => _request.SetInput<double>("image", [1, 2], [1, 1, 2])).Message, "image: Float", "Double");
        Assertions.Says(Throws<InvalidQueryException>(() => _request.SetInput<int>("mask", [1], [1, 1])).Message, "mask: Int64", "Int32");
        Assertions.Says(Throws<InvalidQueryException>(() => _request.SetInput<ulong>("mask", [1], [1, 1])).Message, "mask: Int64", "UInt64");
        Throws<InvalidQueryException>(() => _request.SetInput<char>("image", ['a', 'b'], [1, 1, 2]));
        Throws<InvalidQueryException>(() => _request.SetInput<Guid>("image", [Guid.Empty, Guid.Empty], [1, 1, 2]));
    }

    [Fact]
    public void A_length_that_the_shape_does_not_have()
    {
        Assertions.Says(Throws<InvalidQueryException>(() => _request.SetInput<float>("image", [1, 2, 3], [1, 1, 2])).Message, "not the 3 elements");
        Throws<InvalidQueryException>(() => _request.SetInput<float>("image", [], [1, 1, 2]));
        Throws<InvalidQueryException>(() => _request.SetInput<float>("gain", [1, 2], []));
    }

    [Fact]
    public void A_missing_input()
    {
        using ShieldedRequest request = _session.Session.CreateRequest();
        request.SetInput<float>("image", [1, 2], [1, 1, 2]);
        request.SetInput<float>("gain", [1], []);
        InvalidQueryException exception = Throws<InvalidQueryException>(() => _session.Session.Run(_session.Caller, request));
        Assertions.Says(exception.Message, "mask: Int64 [batch, height] is missing");
        request.SetInput<long>("mask", [2], [1, 1]);
        Assert.True(_session.Session.Run(_session.Caller, request).IsAdmitted);
        Assert.Equal([2f, 4], request.GetOutput(TestModels.Output).ToArray());
    }

    [Fact]
    public void Inputs_that_disagree_about_a_dimension()
    {
        _request.SetInput<long>("mask", [1, 1], [1, 2]);
        InvalidQueryException exception = Throws<InvalidQueryException>(() => _session.Session.Run(_session.Caller, _request));
        Assertions.Says(exception.Message, "'height'", "is 2", "'mask'", "but 1");

        _request.SetInput<long>("mask", [1, 1], [2, 1]);
        Assertions.Says(Throws<InvalidQueryException>(() => _session.Session.Run(_session.Caller, _request)).Message, "'batch'", "is 2", "'mask'", "but 1");
    }

    [Theory]
    [MemberData(nameof(TooManyRows))]
    public void Batches_that_are_too_large(long[] shape) => Assertions.Says(
        Throws<InvalidQueryException>(() => _request.SetInput<float>("image", new float[shape[0] == 9 ? 18 : 2], shape)).Message, $"{shape[0]:N0} rows", "1 to 8");

    [Fact]
    public void A_batch_that_became_too_large_while_the_request_was_filled()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, new float[72], [9, 8]);
        ShieldOptions options = new() { Admission = { MaxRowsPerCall = 8 }, Callers = { Capacity = 64 } };
        options.Outputs[TestModels.Output] = new OutputOptions { Kind = OutputKind.Logits };
        session.Shield.Reload(options);
        Assertions.Says(Assert.Throws<InvalidQueryException>(() => session.Session.Run(session.Caller, request)).Message, "9 rows", "1 to 8");
        Assert.Equal(0, session.Shield.GetStatistics().Admitted);
    }

    [Fact]
    public void A_span_of_too_many_rows()
    {
        Assertions.Says(Throws<InvalidQueryException>(() => _linear.Session.Run(_linear.Caller, new float[9 * 8], new float[90])).Message, "9 rows", "1 to 8");
        _linear.Ask(new float[8 * 8], 80);
    }

    [Fact]
    public void A_caller_without_a_name()
    {
        Assertions.Says(Throws<InvalidQueryException>(() => _session.Session.Run(default(CallerKey), _request)).Message, "no caller");
        Throws<InvalidQueryException>(() => _linear.Session.Run(default(CallerKey), new float[8], new float[10]));
    }

    [Theory]
    [InlineData(0, "multiple of 8")]
    [InlineData(1, "multiple of 8")]
    [InlineData(7, "multiple of 8")]
    [InlineData(9, "multiple of 8")]
    [InlineData(1000001, "1,000,001 numbers")]
    public void Spans_of_a_wrong_length(int length, string what)
    {
        float[] released = [7, 7];
        Assertions.Says(Throws<InvalidQueryException>(() => _linear.Session.Run(_linear.Caller, new float[length], released)).Message, what, "x: Float [batch, 8]");
        Assert.Equal([7f, 7], released);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(30)]
    public void Spans_for_an_answer_of_another_length(int length)
    {
        float[] released = new float[length];
        Array.Fill(released, 7);
        Assertions.Says(
            Throws<ArgumentException>(() => _linear.Session.Run(_linear.Caller, new float[8], released)).Message, "10 numbers", "y: Float [batch, 10]");
        Assert.All(released, value => Assert.Equal(7, value));
    }

    [Fact]
    public void An_empty_span_for_an_answer_whose_length_the_model_does_not_tell()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(batch: TestModels.Unnamed), OutputKind.Logits);
        Assertions.Says(Assert.Throws<ArgumentException>(() => session.Session.Run(session.Caller, new float[8], [])).Message, "y: Float [?, 10]", "empty");
        Assert.Equal(0, session.Shield.GetStatistics().Admitted);
    }

    [Fact]
    public void Spans_for_an_answer_of_another_length_than_the_fixed_one()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(batch: 4), OutputKind.Logits);
        Assertions.Says(Assert.Throws<ArgumentException>(() => session.Session.Run(session.Caller, new float[32], new float[10])).Message, "40 numbers");
        Assert.Equal(0, session.Shield.GetStatistics().Admitted);
        session.Ask(new float[32], 40);
    }

    [Theory]
    [MemberData(nameof(NotFinite))]
    public void Numbers_that_are_not_finite(float value)
    {
        Assertions.Says(Throws<InvalidQueryException>(() => _request.SetInput<float>("image", [1, value], [1, 1, 2])).Message, "'image'", "row 0, element 1");
        Assertions.Says(Throws<InvalidQueryException>(() => _request.SetInput<float>("gain", [value], [])).Message, "'gain'", "row 0, element 0");
        float[] released = new float[10];
        Assertions.Says(Throws<InvalidQueryException>(() => _linear.Session.Run(_linear.Caller, [1, 2, 3, 4, 5, value, 7, 8], released)).Message, "'x'", "row 0, element 5");
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_found_wherever_they_stand_and_in_every_type()
    {
        Gen<(OnnxElementType Type, float Value, int Length, int Index)> cases =
            from type in Gen.Elements(OnnxElementType.Float, OnnxElementType.Double, OnnxElementType.Float16, OnnxElementType.BFloat16)
            from value in Gen.Elements(float.NaN, float.PositiveInfinity, float.NegativeInfinity)
            from rows in Gen.Choose(1, 20)
            from index in Gen.Choose(0, (rows * 4) - 1)
            select (type, value, rows * 4, index);
        Dictionary<OnnxElementType, (TestSession Session, ShieldedRequest Request)> sessions = new[]
        {
            OnnxElementType.Float, OnnxElementType.Double, OnnxElementType.Float16, OnnxElementType.BFloat16,
        }.ToDictionary(type => type, type =>
        {
            TestSession session = TestSession.Of(TestModels.Cast(type, OnnxElementType.Float), OutputKind.Regression);
            return (session, session.Session.CreateRequest());
        });
        Properties.Hold(cases, test =>
        {
            (TestSession session, ShieldedRequest request) = sessions[test.Type];
            float[] numbers = [.. Enumerable.Range(0, test.Length).Select(i => (i % 2 == 0 ? 1 : -1) * MathF.Pow(2, (i % 9) - 4))];
            Set(request, test.Type, numbers);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            long admitted = session.Shield.GetStatistics().Admitted;

            numbers[test.Index] = test.Value;
            InvalidQueryException exception = Assert.Throws<InvalidQueryException>(() => Set(request, test.Type, numbers));
            Assertions.Says(exception.Message, "'x'", $"row {test.Index / 4}, element {test.Index % 4}.");
            Assert.Equal(admitted, session.Shield.GetStatistics().Admitted);
        }, tests: 300);
        foreach ((TestSession session, _) in sessions.Values)
        {
            session.Dispose();
        }
    }

    [Theory]
    [InlineData(nameof(OnnxElementType.Float))]
    [InlineData(nameof(OnnxElementType.Double))]
    [InlineData(nameof(OnnxElementType.Float16))]
    [InlineData(nameof(OnnxElementType.BFloat16))]
    public void Numbers_that_are_not_finite_reach_the_model_where_that_is_allowed(string element)
    {
        OnnxElementType type = Enum.Parse<OnnxElementType>(element);
        OnnxGraph graph = new OnnxGraph("missing")
            .AddInput(TestModels.Input, type, ["batch", 3])
            .AddNode("Cast", [TestModels.Input], ["numbers"], new OnnxAttribute("to", (long)OnnxElementType.Float))
            .AddNode("IsNaN", ["numbers"], ["nan"])
            .AddNode("IsInf", ["numbers"], ["infinite"])
            .AddNode("Or", ["nan", "infinite"], ["either"])
            .AddNode("Cast", ["either"], [TestModels.Output], new OnnxAttribute("to", (long)OnnxElementType.Float))
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 3]);
        using TestSession session = TestSession.Of(
            graph, OutputKind.Regression, options: new ShieldedSessionOptions { NonFiniteInputs = NonFiniteInputs.Allow });
        using ShieldedRequest request = session.Session.CreateRequest();
        Set(request, type, [1, float.NaN, 2, float.PositiveInfinity, 3, float.NegativeInfinity], width: 3);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Equal([0f, 1, 0, 1, 0, 1], request.GetOutput(TestModels.Output).ToArray());
    }

    [Fact]
    public void An_input_that_was_rejected_leaves_the_one_before_in_place()
    {
        Throws<InvalidQueryException>(() => _request.SetInput<float>("image", [float.NaN, 1], [1, 1, 2]));
        Throws<InvalidQueryException>(() => _request.SetInput<float>("image", [8, 9], [2, 1]));
        Assert.True(_session.Session.Run(_session.Caller, _request).IsAdmitted);
        Assert.Equal([6f, 12], _request.GetOutput(TestModels.Output).ToArray());
    }

    public void Dispose()
    {
        // Whatever a test did: the sessions still answer.
        SetAll();
        Assert.True(_session.Session.Run(_session.Caller, _request).IsAdmitted);
        Assert.Equal([6f, 12], _request.GetOutput(TestModels.Output).ToArray());
        Assertions.IsReleased(_linear.Ask(new float[8], 10), top: 0);
        _request.Dispose();
        _session.Dispose();
        _linear.Dispose();
    }

    private static void Set(ShieldedRequest request, OnnxElementType type, float[] numbers, int width = 4)
    {
        long[] shape = [numbers.Length / width, width];
        switch (type)
        {
            case OnnxElementType.Double:
                request.SetInput<double>(TestModels.Input, [.. numbers.Select(number => (double)number)], shape);
                break;
            case OnnxElementType.Float16:
                request.SetInput<Half>(TestModels.Input, [.. numbers.Select(number => (Half)number)], shape);
                break;
            case OnnxElementType.BFloat16:
                request.SetInput<BFloat16>(TestModels.Input, [.. numbers.Select(number => (BFloat16)number)], shape);
                break;
            default:
                request.SetInput<float>(TestModels.Input, numbers, shape);
                break;
        }
    }

    private void SetAll()
    {
        _request.SetInput<float>("image", [1, 2], [1, 1, 2]);
        _request.SetInput<long>("mask", [2], [1, 1]);
        _request.SetInput<float>("gain", [3], []);
    }

    /// <summary>Throws, and nothing is counted.</summary>
    private T Throws<T>(Func<object> call)
        where T : Exception
    {
        (ShieldStatistics, ShieldStatistics) before = (_session.Shield.GetStatistics(), _linear.Shield.GetStatistics());
        T exception = Assert.Throws<T>(call);
        Assert.Equal(before, (_session.Shield.GetStatistics(), _linear.Shield.GetStatistics()));
        return exception;
    }

    private T Throws<T>(Action call)
        where T : Exception => Throws<T>(() =>
        {
            call();
            return this;
        });
}
