using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>What an answer hangs on is in its digest, and where that cannot be known the session does not start.</summary>
public sealed class AnswerCacheModelTests
{
    [Fact]
    public void The_same_numbers_in_another_shape_are_another_query()
    {
        // x [batch, high, wide] to y [batch, 2]: how high and wide each row is.
        OnnxGraph graph = new OnnxGraph("sizes")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", "high", "wide"])
            .AddInitializer<float>("zero", [], [0])
            .AddInitializer<long>("inner", [2], [1, 2])
            .AddInitializer<long>("last", [1], [2])
            .AddNode("Mul", [TestModels.Input, "zero"], ["nothing"])
            .AddNode("Exp", ["nothing"], ["ones"])
            .AddNode("ReduceSum", ["ones", "inner"], ["size"], new OnnxAttribute("keepdims", 0))
            .AddNode("ReduceSum", ["ones", "last"], ["across"], new OnnxAttribute("keepdims", 0))
            .AddInitializer<long>("one", [1], [1])
            .AddNode("ReduceMax", ["across"], ["wide"], new OnnxAttribute("axes", (ReadOnlySpan<long>)[1]), new OnnxAttribute("keepdims", 1))
            .AddNode("Unsqueeze", ["size", "one"], ["sizes"])
            .AddNode("Concat", ["sizes", "wide"], [TestModels.Output], new OnnxAttribute("axis", 1))
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 2]);
        using TestSession session = Cached(graph, OutputKind.Embedding);
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] numbers = TestModels.Weights(12);
        for (int pass = 0; pass < 2; pass++)
        {
            foreach ((int rows, int high, int wide) in new[] { (1, 2, 6), (1, 3, 4), (1, 4, 3), (1, 12, 1), (2, 2, 3), (2, 3, 2), (3, 2, 2) })
            {
                request.SetInput<float>(TestModels.Input, numbers, [rows, high, wide]);
                Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
                Assert.Equal([rows, 2], request.GetOutputShape(TestModels.Output).ToArray());
                Assert.Equal([.. Enumerable.Repeat(new float[] { high * wide, wide }, rows).SelectMany(row => row)], request.GetOutput(TestModels.Output).ToArray());
            }
        }

        Assert.Equal((11, 11), Counts(session));
    }

    [Fact]
    public void Every_input_counts_also_one_that_is_as_long_as_the_batch()
    {
        // x [batch, 2], weight [2], scale, offset [batch, 2] to y = x weight scale + offset: a batch of two rows is as long as weight.
        OnnxGraph graph = new OnnxGraph("affine")
            .AddInput("weight", OnnxElementType.Float, [2])
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 2])
            .AddInput("scale", OnnxElementType.Int64, [])
            .AddInput("offset", OnnxElementType.Float, ["batch", 2])
            .AddNode("Cast", ["scale"], ["factor"], new OnnxAttribute("to", (long)OnnxElementType.Float))
            .AddNode("Mul", [TestModels.Input, "weight"], ["weighted"])
            .AddNode("Mul", ["weighted", "factor"], ["scaled"])
            .AddNode("Add", ["scaled", "offset"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 2]);
        using TestSession session = Cached(graph, OutputKind.Embedding);
        using ShieldedRequest request = session.Session.CreateRequest();
        for (int pass = 0; pass < 2; pass++)
        {
            Ask([1, 2, 3, 4], [1, 1], 1, [0, 0, 0, 0]);
            Ask([1, 2, 3, 4], [1, 2], 1, [0, 0, 0, 0]); // the last of what a row of two in the batch would not be said to hang on
            Ask([1, 2, 3, 4], [2, 1], 1, [0, 0, 0, 0]);
            Ask([1, 2, 3, 4], [1, 1], 2, [0, 0, 0, 0]);
            Ask([1, 2, 3, 4], [1, 1], 1, [0, 0, 0, 1]);
            Ask([1, 2, 3, 5], [1, 1], 1, [0, 0, 0, 0]);
            Ask([1, 2], [1, 2], 1, [0, 0]);
        }

        Assert.Equal((14, 12), Counts(session));

        void Ask(float[] x, float[] weight, long scale, float[] offset)
        {
            request.SetInput<float>(TestModels.Input, x, [x.Length / 2, 2]);
            request.SetInput<float>("weight", weight, [2]);
            request.SetInput<long>("scale", [scale], []);
            request.SetInput<float>("offset", offset, [offset.Length / 2, 2]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            Assert.Equal(x.Select((value, i) => (value * weight[i % 2] * scale) + offset[i]), request.GetOutput(TestModels.Output).ToArray());
        }
    }

    [Fact]
    public void Time_steps_of_a_fixed_number_and_lone_values_are_kept_and_counted_as_a_run_counts_them()
    {
        OnnxGraph graph = new OnnxGraph("steps")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 3, 2])
            .AddInitializer<long>("inner", [2], [1, 2])
            .AddNode("Softmax", [TestModels.Input], ["steps"], new OnnxAttribute("axis", -1))
            .AddNode("ReduceSum", [TestModels.Input, "inner"], ["sum"], new OnnxAttribute("keepdims", 0))
            .AddOutput("steps", OnnxElementType.Float, ["batch", 3, 2])
            .AddOutput("sum", OnnxElementType.Float, ["batch"]);
        using TestSession session = TestSession.Of(
            graph, [("sum", OutputKind.Regression), ("steps", OutputKind.Probabilities)], options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions() });
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, TestModels.Weights(12), [2, 3, 2]);
        session.Session.Run(session.Caller, request);
        float[] steps = request.GetOutput("steps").ToArray();
        float[] sum = request.GetOutput("sum").ToArray();
        long hardened = session.Shield.GetStatistics().Hardened;
        Assert.Equal(8, hardened);

        session.Session.Run(session.Caller, request);

        Assert.Equal((2, 2), Counts(session));
        Assertions.SameBits(steps, request.GetOutput("steps"));
        Assertions.SameBits(sum, request.GetOutput("sum"));
        Assert.Equal([2, 3, 2], request.GetOutputShape("steps").ToArray());
        Assert.Equal([2], request.GetOutputShape("sum").ToArray());
        Assert.Equal(2 * hardened, session.Shield.GetStatistics().Hardened);
    }

    [Theory]
    [InlineData(OutputKind.Regression)]
    [InlineData(OutputKind.Probabilities)]
    public void A_model_of_one_row_a_call_is_answered_as_a_whole(OutputKind kind)
    {
        OnnxGraph graph = new OnnxGraph("vector")
            .AddInput(TestModels.Input, OnnxElementType.Float, [4])
            .AddNode("Softmax", [TestModels.Input], [TestModels.Output], new OnnxAttribute("axis", -1))
            .AddOutput(TestModels.Output, OnnxElementType.Float, [4]);
        using TestSession session = Cached(graph, kind);
        float[] expected = session.Ask([1, 3, 2, 0], 4);
        long hardened = session.Shield.GetStatistics().Hardened;
        Assertions.SameBits(expected, session.Ask([1, 3, 2, 0], 4));
        Assert.Equal((1, 1), Counts(session));
        Assert.Equal(2 * hardened, session.Shield.GetStatistics().Hardened);
    }

    [Fact]
    public void An_output_that_is_not_as_declared_is_never_kept()
    {
        using TestSession session = TestSession.Of(TestModels.Twice(["batch", 4]), OutputKind.Regression, options: new ShieldedSessionOptions
        {
            MaxAnswersPerQuery = 2,
            AnswerCache = new AnswerCacheOptions(),
        });
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, [1, 2, 3, 4], [1, 4]);
        for (int call = 0; call < 2; call++)
        {
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            Assert.Equal([2, 4], request.GetOutputShape(TestModels.Output).ToArray());
            Assert.Equal([1f, 2, 3, 4, 1, 2, 3, 4], request.GetOutput(TestModels.Output).ToArray());
        }

        Assert.Equal(new AnswerCacheStatistics(Hits: 0, Misses: 2, Stored: 0, Replaced: 0, Skipped: 2), session.Session.GetAnswerCacheStatistics());
    }

    [Fact]
    public void Sessions_do_not_share_answers()
    {
        using TestSession one = Cached(TestModels.Fickle(), OutputKind.Regression);
        using TestSession other = Cached(TestModels.Fickle(), OutputKind.Regression);
        float[] first = one.Ask([1, 2, 3, 4], 4);
        other.Ask([0, 0, 0, 0], 4); // or both would draw the same
        Assert.False(Assertions.AreSameBits(first, other.Ask([1, 2, 3, 4], 4)));
    }

    [Fact]
    public void Models_whose_answers_cannot_be_kept_are_refused_at_start()
    {
        Refused(TestModels.Recurrent(), "next", OutputKind.State, "next: Float [batch, 4]", "State");
        Refused(TestModels.Linear(batch: 4), TestModels.Output, OutputKind.Logits, "x: Float [4, 8]", "fixed number of rows");
        Refused(TestModels.Linear(outputBatch: 1), TestModels.Output, OutputKind.Logits, "y: Float [1, 10]", "not divided into the rows");
        Refused(TestModels.Sequence(10), TestModels.Output, OutputKind.Probabilities, "dimension 1", "y: Float [batch, time, 10]", "not fixed");
        Refused(TestModels.PositiveColumns(["batch", "some"]), TestModels.Output, OutputKind.Regression, "dimension 1", "y: Float [batch, some]");

        // Of one dimension, which would be the classes of a batch of one and nothing in a batch of two.
        Refused(Sums(["batch"]), TestModels.Output, OutputKind.Embedding, "y: Float [batch]", "not divided");
        Refused(Sums([]), TestModels.Output, OutputKind.Regression, "y: Float []", "not divided");
        Refused(Pairs("rows", "n", ["n", 4]), TestModels.Output, OutputKind.Regression, "other: Float [n, 4]", "x: Float [rows, 4]", "not named like");
        Refused(Pairs(TestModels.Unnamed, TestModels.Unnamed, [TestModels.Unnamed, 4]), TestModels.Output, OutputKind.Regression, "other: Float [?, 4]");

        // A graph: what each node is answered hangs on the others.
        Refused(
            new OnnxGraph("nodes").AddInput(TestModels.Input, OnnxElementType.Float, ["n", 4]).AddInput("edges", OnnxElementType.Float, ["n", "n"])
                .AddNode("MatMul", ["edges", TestModels.Input], [TestModels.Output]).AddOutput(TestModels.Output, OnnxElementType.Float, ["n", 4]),
            TestModels.Output, OutputKind.Embedding, "edges: Float [n, n]", "to each other");
        Refused(
            new OnnxGraph("columns").AddInput(TestModels.Input, OnnxElementType.Float, ["batch", "wide"])
                .AddNode("Transpose", [TestModels.Input], [TestModels.Output], new OnnxAttribute("perm", (ReadOnlySpan<long>)[1, 0]))
                .AddOutput(TestModels.Output, OnnxElementType.Float, ["wide", 4]),
            TestModels.Output, OutputKind.Embedding, "y: Float [wide, 4]", "not divided");
    }

    [Fact]
    public void An_answer_that_the_megabytes_do_not_hold_is_refused_at_start()
    {
        Refused(TestModels.Linear(width: 1, classes: 70_000), TestModels.Output, OutputKind.Logits, "280,065 bytes", "AnswerCache:Megabytes", "is 1", "Raise it");
        using TestSession session = Cached(TestModels.Linear(width: 1, classes: 60_000), OutputKind.Logits, megabytes: 1);
        session.Ask([1], 60_000);
        session.Ask([1], 60_000);
        Assert.Equal((1, 1), Counts(session));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Batches_need_no_names_where_one_input_has_them(bool namedInput, bool namedOutput)
    {
        using TestSession session = Cached(
            TestModels.Linear(batch: namedInput ? "batch" : TestModels.Unnamed, outputBatch: namedOutput ? "out" : TestModels.Unnamed), OutputKind.Logits);
        float[] expected = session.Ask(TestModels.Weights(24), 30);
        Assertions.SameBits(expected.AsSpan(0, 20), session.Ask(TestModels.Weights(16), 20));
        Assert.Equal((2, 3), Counts(session));
    }

    private static OnnxGraph Sums(OnnxDimension[] declared) => new OnnxGraph("sums")
        .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 4])
        .AddInitializer<long>("axes", [1], [1])
        .AddNode("ReduceSum", declared.Length == 0 ? [TestModels.Input] : [TestModels.Input, "axes"], [TestModels.Output], new OnnxAttribute("keepdims", 0))
        .AddOutput(TestModels.Output, OnnxElementType.Float, declared);

    private static OnnxGraph Pairs(OnnxDimension first, OnnxDimension second, OnnxDimension[] output) => new OnnxGraph("pairs")
        .AddInput(TestModels.Input, OnnxElementType.Float, [first, 4])
        .AddInput("other", OnnxElementType.Float, [second, 4])
        .AddNode("Add", [TestModels.Input, "other"], [TestModels.Output])
        .AddOutput(TestModels.Output, OnnxElementType.Float, output);

    private static TestSession Cached(OnnxGraph graph, OutputKind kind, string output = TestModels.Output, int megabytes = 8) =>
        TestSession.Of(graph, kind, output, options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = megabytes } });

    private static void Refused(OnnxGraph graph, string output, OutputKind kind, params ReadOnlySpan<string> words)
    {
        TestSession.Of(graph, kind, output).Dispose(); // without a cache it starts
        string message = Record.Exception(() => Cached(graph, kind, output, megabytes: 1).Dispose()) is ModelFileException exception
            ? exception.Message
            : throw new InvalidOperationException($"Not refused, though: {string.Join(", ", words)}");
        Assertions.Says(message, [.. words, "'model'", "cannot be cached", "Session:AnswerCache"]);
    }

    private static (long Hits, long Misses) Counts(TestSession session)
    {
        AnswerCacheStatistics statistics = session.Session.GetAnswerCacheStatistics();
        return (statistics.Hits, statistics.Misses);
    }
}
