using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Batches, time steps, scalars, and outputs whose shape nobody knows beforehand.</summary>
public sealed class ShapeTests
{
    [Fact]
    public void A_distribution_over_6625_classes_is_hardened_at_every_time_step()
    {
        const int Classes = 6625;
        const int Batch = 2;
        const int Time = 3;
        float[] input = TestModels.Weights(Batch * Time * 8);
        using TestSession bare = TestSession.Of(TestModels.Sequence(Classes), OutputKind.Probabilities, configure: ObserveOnly);
        using TestSession session = TestSession.Of(TestModels.Sequence(Classes), OutputKind.Probabilities);
        using ShieldedRequest cleanRequest = bare.Session.CreateRequest();
        using ShieldedRequest request = session.Session.CreateRequest();
        cleanRequest.SetInput<float>(TestModels.Input, input, [Batch, Time, 8]);
        bare.Session.Run(bare.Caller, cleanRequest);
        ReadOnlySpan<float> clean = cleanRequest.GetOutput(TestModels.Output);

        request.SetInput<float>(TestModels.Input, input, [Batch, Time, 8]);
        Admission admission = session.Session.Run(session.Caller, request);

        Assert.Equal(Batch, admission.Rows);
        Assert.Equal([Batch, Time, Classes], request.GetOutputShape(TestModels.Output).ToArray());
        for (int step = 0; step < Batch * Time; step++)
        {
            Assertions.IsReleased(
                request.GetOutput(TestModels.Output).Slice(step * Classes, Classes),
                Assertions.FirstOfLargest(clean.Slice(step * Classes, Classes)));
        }

        ShieldStatistics statistics = session.Shield.GetStatistics();
        Assert.Equal((Batch, Batch * Time), (statistics.Admitted, statistics.Hardened));

        // Other lengths with the same request, and the first again.
        float[] first = request.GetOutput(TestModels.Output).ToArray();
        request.SetInput<float>(TestModels.Input, input.AsSpan(0, 5 * 8), [1, 5, 8]);
        session.Session.Run(session.Caller, request);
        Assert.Equal([1, 5, Classes], request.GetOutputShape(TestModels.Output).ToArray());
        Assertions.SameBits(first.AsSpan(0, 5 * Classes), request.GetOutput(TestModels.Output));
        request.SetInput<float>(TestModels.Input, input, [Batch, Time, 8]);
        session.Session.Run(session.Caller, request);
        Assertions.SameBits(first, request.GetOutput(TestModels.Output));
    }

    [Fact]
    public void Spans_are_for_models_whose_shapes_follow_from_the_length()
    {
        using TestSession session = TestSession.Of(TestModels.Sequence(10), OutputKind.Probabilities);
        NotSupportedException exception = Assert.Throws<NotSupportedException>(() => session.Session.Run(session.Caller, new float[8], new float[10]));
        Assertions.Says(exception.Message, "CreateRequest", "x: Float [batch, time, 8]", "y: Float [batch, time, 10]");
    }

    [Fact]
    public void Several_inputs_and_outputs_are_set_and_read_by_name()
    {
        OnnxGraph graph = new OnnxGraph("several")
            .AddInput("a", OnnxElementType.Float, ["batch", 3])
            .AddInput("b", OnnxElementType.Int32, ["batch", 3])
            .AddInput("scale", OnnxElementType.Float, [])
            .AddNode("Cast", ["b"], ["c"], new OnnxAttribute("to", (long)OnnxElementType.Float))
            .AddNode("Add", ["a", "c"], ["sum"])
            .AddNode("Mul", ["sum", "scale"], ["scaled"])
            .AddNode("Softmax", ["sum"], ["p"], new OnnxAttribute("axis", -1))
            .AddOutput("sum", OnnxElementType.Float, ["batch", 3])
            .AddOutput("scaled", OnnxElementType.Float, ["batch", 3])
            .AddOutput("p", OnnxElementType.Float, ["batch", 3]);
        using TestSession session = TestSession.Of(graph, [("scaled", OutputKind.Regression), ("p", OutputKind.Probabilities), ("sum", OutputKind.Embedding)]);
        using ShieldedRequest request = session.Session.CreateRequest();

        request.SetInput<float>("scale", [10], []);
        request.SetInput<int>("b", [0, 0, 1, 2, 0, 0], [2, 3]);
        request.SetInput<float>("a", [1, 2, 3, 4, 5, 6], [2, 3]);
        Admission admission = session.Session.Run(session.Caller, request);

        Assert.Equal(2, admission.Rows);
        Assert.Equal([1f, 2, 4, 6, 5, 6], request.GetOutput("sum").ToArray());
        Assert.Equal([10f, 20, 40, 60, 50, 60], request.GetOutput("scaled").ToArray());
        Assertions.IsReleased(request.GetOutput("p")[..3], top: 2);
        Assertions.IsReleased(request.GetOutput("p")[3..], top: 0);

        // What was set stays set.
        request.SetInput<float>("scale", [1], []);
        session.Session.Run(session.Caller, request);
        Assert.Equal([1f, 2, 4, 6, 5, 6], request.GetOutput("scaled").ToArray());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Batches_of_any_size_follow_one_another_named_or_not(bool namedInput, bool namedOutput)
    {
        using TestSession named = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        OnnxGraph graph = TestModels.Linear(
            batch: namedInput ? "batch" : TestModels.Unnamed, outputBatch: namedOutput ? "batch" : TestModels.Unnamed);
        using TestSession session = TestSession.Of(graph, OutputKind.Logits);
        using ShieldedRequest request = session.Session.CreateRequest();
        foreach (int rows in (int[])[1, 5, 1, 32, 32, 2, 1, 64])
        {
            float[] input = TestModels.Weights(rows * 8);
            float[] expected = named.Ask(input, rows * 10);

            Assertions.SameBits(expected, session.Ask(input, rows * 10));
            request.SetInput<float>(TestModels.Input, input, [rows, 8]);
            Assert.Equal(rows, session.Session.Run(session.Caller, request).Rows);
            Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
            Assert.Equal([rows, 10], request.GetOutputShape(TestModels.Output).ToArray());
        }
    }

    [Fact]
    public void An_output_of_unknown_rank_has_the_shape_that_comes()
    {
        OnnxGraph graph = new OnnxGraph("unknown")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 4])
            .AddInput("shape", OnnxElementType.Int64, ["rank"])
            .AddNode("Reshape", [TestModels.Input, "shape"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, shape: null);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression, options: new ShieldedSessionOptions { MaxAnswersPerQuery = 4 });
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, [1, 2, 3, 4], [1, 4]);
        foreach (long[] shape in (long[][])[[2, 2], [4], [1, 1, 4, 1], [1, 4]])
        {
            request.SetInput<long>("shape", shape, [shape.Length]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            Assert.Equal(shape, request.GetOutputShape(TestModels.Output).ToArray());
            Assert.Equal([1f, 2, 3, 4], request.GetOutput(TestModels.Output).ToArray());
        }
    }

    [Fact]
    public void An_output_that_is_larger_than_its_dimensions_names_say_comes_whole()
    {
        using TestSession session = TestSession.Of(TestModels.Twice(["batch", 4]), OutputKind.Regression, options: new ShieldedSessionOptions { MaxAnswersPerQuery = 2 });
        using ShieldedRequest request = session.Session.CreateRequest();
        for (int call = 0; call < 3; call++)
        {
            foreach (int rows in (int[])[1, 3])
            {
                float[] input = [.. Enumerable.Range(call, rows * 4).Select(value => (float)value)];
                request.SetInput<float>(TestModels.Input, input, [rows, 4]);
                Assert.Equal(rows, session.Session.Run(session.Caller, request).Rows);
                Assert.Equal([2 * rows, 4], request.GetOutputShape(TestModels.Output).ToArray());
                Assert.Equal([.. input, .. input], request.GetOutput(TestModels.Output).ToArray());
            }
        }

        // Charged once a call, however often the runtime had to try.
        Assert.Equal(3 * (1 + 3), session.Shield.GetStatistics().Admitted);
    }

    [Fact]
    public void An_output_whose_size_depends_on_the_data_comes_as_it_is_though_its_dimension_s_name_says_otherwise()
    {
        using TestSession session = TestSession.Of(TestModels.PositiveColumns(["batch", "width"]), OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        Assert.Equal([1f, 2, 3, 4], Ask([1, 2, 3, 4]));
        Assert.Equal([1f, 3], Ask([1, -2, 3, -4]));
        Assert.Equal([5f, 6, 7, 8], Ask([5, 6, 7, 8]));
        Assert.Equal([9f], Ask([9, -1, -1]));

        request.SetInput<float>(TestModels.Input, [-1, -2], [1, 2]);
        Assertions.Says(Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, request)).Message, "'y'", "[1, 0]");
        Assert.Equal([1f, 2], Ask([1, 2]));

        float[] Ask(float[] input)
        {
            request.SetInput<float>(TestModels.Input, input, [1, input.Length]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            return request.GetOutput(TestModels.Output).ToArray();
        }
    }

    [Fact]
    public void An_output_with_rows_of_its_own_number_can_be_read_through_spans()
    {
        using TestSession session = TestSession.Of(TestModels.Twice(["both", 4]), OutputKind.Regression, options: new ShieldedSessionOptions { MaxAnswersPerQuery = 2 });
        Assert.Equal([1f, 2, 3, 4, 1, 2, 3, 4], session.Ask([1, 2, 3, 4], 8));
        Assertions.Says(
            Assert.Throws<ArgumentException>(() => session.Session.Run(session.Caller, [1, 2, 3, 4], new float[4])).Message, "8 numbers", "has 4");
        Assert.Equal([1f, 2, 3, 4, 1, 2, 3, 4], session.Ask([1, 2, 3, 4], 8));
    }

    [Fact]
    public void An_output_that_the_rows_do_not_divide_is_not_released()
    {
        using TestSession session = TestSession.Of(TestModels.PositiveRows(["count", 4]), OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, [1, 2, 3, 4, -1, 2, 3, 4], [2, 4]);
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, request));
        Assertions.Says(exception.Message, "'y'", "[1, 4]", "2 rows", "RowInput");
        Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);

        request.SetInput<float>(TestModels.Input, [1, 2, 3, 4, 5, 6, 7, 8], [2, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Equal([1f, 2, 3, 4, 5, 6, 7, 8], request.GetOutput(TestModels.Output).ToArray());
    }

    [Fact]
    public void A_fixed_batch_is_charged_row_by_row()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(batch: 4), OutputKind.Logits);
        using TestSession single = TestSession.Of(TestModels.Linear(), OutputKind.Logits);
        float[] input = TestModels.Weights(32);
        Assertions.SameBits(single.Ask(input, 40), session.Ask(input, 40));
        Assert.Equal(4, session.Shield.GetStatistics().Admitted);

        Assertions.Says(
            Assert.Throws<InvalidQueryException>(() => session.Session.Run(session.Caller, new float[8], new float[10])).Message, "8 numbers", "takes 32", "[4, 8]");
        Assert.Equal(4, session.Shield.GetStatistics().Admitted);
    }

    [Fact]
    public void A_model_without_rows_takes_one_row_a_call()
    {
        OnnxGraph graph = new OnnxGraph("vector")
            .AddInput(TestModels.Input, OnnxElementType.Float, [4])
            .AddNode("Softmax", [TestModels.Input], [TestModels.Output], new OnnxAttribute("axis", -1))
            .AddOutput(TestModels.Output, OnnxElementType.Float, [4]);
        using TestSession session = TestSession.Of(graph, OutputKind.Probabilities);
        Assertions.IsReleased(session.Ask([1, 3, 2, 0], 4), top: 1);
        Assert.Equal(1, session.Shield.GetStatistics().Admitted);
        Assert.Throws<InvalidQueryException>(() => session.Session.Run(session.Caller, new float[8], new float[8]));
    }

    [Fact]
    public void Lone_values_of_rows_are_released_one_a_row()
    {
        OnnxGraph graph = new OnnxGraph("sums")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 4])
            .AddInitializer<long>("axes", [1], [1])
            .AddNode("ReduceSum", [TestModels.Input, "axes"], [TestModels.Output], new OnnxAttribute("keepdims", 0))
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch"]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        Assert.Equal([10f, 26, -4], session.Ask([1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, -1], 3));
        Assert.Equal(3, session.Shield.GetStatistics().Hardened);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Lone_values_of_a_fixed_batch_are_released_one_a_row(int rows)
    {
        OnnxGraph graph = new OnnxGraph("sums")
            .AddInput(TestModels.Input, OnnxElementType.Float, [rows, 2])
            .AddInitializer<long>("axes", [1], [1])
            .AddNode("ReduceSum", [TestModels.Input, "axes"], [TestModels.Output], new OnnxAttribute("keepdims", 0))
            .AddOutput(TestModels.Output, OnnxElementType.Float, [rows]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        Assert.Equal(new float[] { 3, 7, 11, 15 }[..rows], session.Ask(new float[] { 1, 2, 3, 4, 5, 6, 7, 8 }.AsSpan(0, 2 * rows), rows));
        Assert.Equal((rows, rows), (session.Shield.GetStatistics().Admitted, session.Shield.GetStatistics().Hardened));
    }

    [Fact]
    public void A_vector_without_rows_is_one_answer()
    {
        OnnxGraph graph = new OnnxGraph("vector")
            .AddInput(TestModels.Input, OnnxElementType.Float, [4])
            .AddNode("Neg", [TestModels.Input], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, [4]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        Assert.Equal([-1f, -2, -3, -4], session.Ask([1, 2, 3, 4], 4));
        Assert.Equal((1, 1), (session.Shield.GetStatistics().Admitted, session.Shield.GetStatistics().Hardened));
    }

    [Fact]
    public void A_scalar_is_an_answer_to_one_row_only()
    {
        OnnxGraph graph = new OnnxGraph("total")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 4])
            .AddNode("ReduceSum", [TestModels.Input], [TestModels.Output], new OnnxAttribute("keepdims", 0))
            .AddOutput(TestModels.Output, OnnxElementType.Float, []);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        Assert.Equal([10f], session.Ask([1, 2, 3, 4], 1));
        Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, new float[8], new float[1]));
        Assert.Equal([10f], session.Ask([1, 2, 3, 4], 1));
    }

    [Fact]
    public void Answers_beyond_the_queries_charged_are_not_released()
    {
        // Only a's rows are counted; b could be made as long as a caller likes.
        OnnxGraph graph = new OnnxGraph("sum")
            .AddInput("a", OnnxElementType.Float, ["n", 4])
            .AddInput("b", OnnxElementType.Float, ["m", 4])
            .AddNode("Add", ["a", "b"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["k", 4]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>("a", new float[4], [1, 4]);
        request.SetInput<float>("b", new float[400], [100, 4]);
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, request));
        Assertions.Says(exception.Message, "100 answers", "allowed: 1", "MaxAnswersPerQuery", "RowInput");
        Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
    }

    [Fact]
    public void A_call_does_not_write_clean_scores_where_the_answer_before_is_read()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, hardening: new HardeningOptions { Release = Release.LabelOnly });
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, TestModels.Weights(8), [1, 8]);
        session.Session.Run(session.Caller, request);
        ReadOnlySpan<float> held = request.GetOutput(TestModels.Output);
        using ManualResetEventSlim stop = new();
        Thread asking = new(() =>
        {
            while (!stop.IsSet)
            {
                session.Session.Run(session.Caller, request);
            }
        });
        asking.Start();
        int clean = 0;
        for (int look = 0; look < 200_000; look++)
        {
            float score = held[look % held.Length];
            clean += score is 0 or 1 ? 0 : 1;
        }

        stop.Set();
        asking.Join();
        Assert.Equal(0, clean);
    }

    [Fact]
    public void The_row_input_can_be_named()
    {
        // table [n, 4] and rows [batch, 4] to rows x table' [batch, n]: the table's rows are no queries.
        OnnxGraph graph = new OnnxGraph("retrieval")
            .AddInput("table", OnnxElementType.Float, ["n", 4])
            .AddInput("rows", OnnxElementType.Float, ["batch", 4])
            .AddNode("Transpose", ["table"], ["turned"], new OnnxAttribute("perm", (ReadOnlySpan<long>)[1, 0]))
            .AddNode("MatMul", ["rows", "turned"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", "n"]);
        Assert.Equal((3, 3), AskWith(new ShieldedSessionOptions()));
        Assert.Equal((2, 2), AskWith(new ShieldedSessionOptions { RowInput = "rows" }));
        foreach (string name in (string[])["Rows", "", TestModels.Output])
        {
            Assertions.Says(
                Assert.Throws<ModelFileException>(() => AskWith(new ShieldedSessionOptions { RowInput = name })).Message,
                $"RowInput is '{name}'", "table: Float [n, 4]", "rows: Float [batch, 4]");
        }

        (int Rows, long Charged) AskWith(ShieldedSessionOptions options)
        {
            using TestSession session = TestSession.Of(graph, OutputKind.Regression, options: options);
            using ShieldedRequest request = session.Session.CreateRequest();
            request.SetInput<float>("table", TestModels.Weights(12), [3, 4]);
            request.SetInput<float>("rows", TestModels.Weights(options.RowInput is null ? 12 : 8), [options.RowInput is null ? 3 : 2, 4]);
            return (session.Session.Run(session.Caller, request).Rows, session.Shield.GetStatistics().Admitted);
        }
    }

    [Fact]
    public void A_row_seen_before_counts_as_repeated_whatever_its_batch()
    {
        using TestSession session = TestSession.Of(TestModels.Recurrent(), [("score", OutputKind.Probabilities)]);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<long>("rate", [1], []);
        Ask([1, 2, 3, 4], [0, 0, 0, 0]);
        Ask([1, 2, 3, 4], [0, 0, 0, 0]);
        Assert.Equal(1, Repeated());
        Ask([1, 2, 3, 4], [0, 0, 0, 1]);
        Assert.Equal(1, Repeated());
        Ask([1, 2, 3, 4, 1, 2, 3, 4], [0, 0, 0, 1, 0, 0, 0, 1]);
        Assert.Equal(3, Repeated());
        request.SetInput<long>("rate", [2], []);
        Ask([1, 2, 3, 4], [0, 0, 0, 1]);
        Assert.Equal(3, Repeated());

        void Ask(float[] frame, float[] state)
        {
            request.SetInput<float>("frame", frame, [frame.Length / 4, 4]);
            request.SetInput<float>("state", state, [state.Length / 4, 4]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        }

        long Repeated() => session.Shield.TryGetCaller(session.Caller, out CallerStatistics statistics) ? statistics.Repeated : -1;
    }

    private static void ObserveOnly(ShieldOptions options) => options.Mode = ShieldMode.ObserveOnly;
}
