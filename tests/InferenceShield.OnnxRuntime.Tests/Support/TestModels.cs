using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Tiny models, each as small as what it is there to show.</summary>
internal static class TestModels
{
    public const string Input = "x";
    public const string Output = "y";
    public const int SlowWidth = 256;

    /// <summary>A dimension without size and name.</summary>
    public static OnnxDimension Unnamed => default;

    /// <summary>x [batch, width] to y [batch, classes] = x W. W holds eighths between -2 and 2, so that with inputs of few
    /// bits every sum is exact in whatever order it is added.</summary>
    public static OnnxGraph Linear(int width = 8, int classes = 10, OnnxDimension? batch = null, OnnxDimension? outputBatch = null) =>
        new OnnxGraph("linear")
            .AddInput(Input, OnnxElementType.Float, [batch ?? "batch", width])
            .AddInitializer<float>("w", [width, classes], Weights(width * classes))
            .AddNode("MatMul", [Input, "w"], [Output])
            .AddOutput(Output, OnnxElementType.Float, [outputBatch ?? batch ?? "batch", classes]);

    /// <summary>x [batch, 8] to logits, probabilities and embedding [batch, 10].</summary>
    public static OnnxGraph Classifier() =>
        new OnnxGraph("classifier")
            .AddInput(Input, OnnxElementType.Float, ["batch", 8])
            .AddInitializer<float>("w", [8, 10], Weights(80))
            .AddNode("MatMul", [Input, "w"], ["logits"])
            .AddNode("Softmax", ["logits"], ["probabilities"], new OnnxAttribute("axis", -1))
            .AddNode("Tanh", ["logits"], ["embedding"])
            .AddNode("ArgMax", ["logits"], ["label"], new OnnxAttribute("axis", -1), new OnnxAttribute("keepdims", 0))
            .AddOutput("logits", OnnxElementType.Float, ["batch", 10])
            .AddOutput("probabilities", OnnxElementType.Float, ["batch", 10])
            .AddOutput("embedding", OnnxElementType.Float, ["batch", 10])
            .AddOutput("label", OnnxElementType.Int64, ["batch"]);

    /// <summary>x [batch, width] of one type to y [batch, width] of another, by a Cast each way.</summary>
    public static OnnxGraph Cast(OnnxElementType from, OnnxElementType to, int width = 4) =>
        new OnnxGraph("cast")
            .AddInput(Input, from, ["batch", width])
            .AddNode("Cast", [Input], ["middle"], new OnnxAttribute("to", (long)OnnxElementType.Float))
            .AddNode("Mul", ["middle", "middle"], ["square"])
            .AddNode("Cast", ["square"], [Output], new OnnxAttribute("to", (long)to))
            .AddOutput(Output, to, ["batch", width]);

    /// <summary>x [batch, width] to y, the logarithm of x: NaN below 0, minus infinity at 0.</summary>
    public static OnnxGraph Logarithm(int width = 4) =>
        new OnnxGraph("logarithm")
            .AddInput(Input, OnnxElementType.Float, ["batch", width])
            .AddNode("Log", [Input], [Output])
            .AddOutput(Output, OnnxElementType.Float, ["batch", width]);

    /// <summary>x [batch, 1] of int64 to y [batch, 1]: looks x up in a table of five. Fails at any other index.</summary>
    public static OnnxGraph Lookup() =>
        new OnnxGraph("lookup")
            .AddInput(Input, OnnxElementType.Int64, ["batch", 1])
            .AddInitializer<float>("secret_table", [5], [10, 20, 30, 40, 50])
            .AddNode("Gather", ["secret_table", Input], [Output])
            .AddOutput(Output, OnnxElementType.Float, ["batch", 1]);

    /// <summary>x [batch, time, 8] to y [batch, time, classes]: a distribution each time step.</summary>
    public static OnnxGraph Sequence(int classes) =>
        new OnnxGraph("sequence")
            .AddInput(Input, OnnxElementType.Float, ["batch", "time", 8])
            .AddInitializer<float>("w", [8, classes], Weights(8 * classes))
            .AddNode("MatMul", [Input, "w"], ["logits"])
            .AddNode("Softmax", ["logits"], [Output], new OnnxAttribute("axis", -1))
            .AddOutput(Output, OnnxElementType.Float, ["batch", "time", classes]);

    /// <summary>frame [batch, 4], state [batch, 4], rate (int64 scalar) to score [batch, 2] and next [batch, 4].</summary>
    public static OnnxGraph Recurrent() =>
        new OnnxGraph("recurrent")
            .AddInput("frame", OnnxElementType.Float, ["batch", 4])
            .AddInput("state", OnnxElementType.Float, ["batch", 4])
            .AddInput("rate", OnnxElementType.Int64, [])
            .AddInitializer<float>("w", [4, 2], Weights(8))
            .AddNode("Cast", ["rate"], ["speed"], new OnnxAttribute("to", (long)OnnxElementType.Float))
            .AddNode("Div", ["state", "speed"], ["faded"])
            .AddNode("Add", ["frame", "faded"], ["sum"])
            .AddNode("Tanh", ["sum"], ["next"])
            .AddNode("MatMul", ["next", "w"], ["logits"])
            .AddNode("Softmax", ["logits"], ["score"], new OnnxAttribute("axis", -1))
            .AddOutput("score", OnnxElementType.Float, ["batch", 2])
            .AddOutput("next", OnnxElementType.Float, ["batch", 4]);

    /// <summary>x [batch, 4] to y and z [batch, 4] of any real type: x plus a number between 0 and 1 that is another one at every
    /// run. Two equal answers show that the model was run once.</summary>
    public static OnnxGraph Fickle(OnnxElementType type = OnnxElementType.Float) =>
        new OnnxGraph("fickle")
            .AddInput(Input, OnnxElementType.Float, ["batch", 4])
            .AddNode("RandomUniformLike", [Input], ["drawn"])
            .AddNode("Add", [Input, "drawn"], ["sum"])
            .AddNode("Cast", ["sum"], [Output], new OnnxAttribute("to", (long)type))
            .AddNode("Softmax", ["sum"], ["z"], new OnnxAttribute("axis", -1))
            .AddOutput(Output, type, ["batch", 4])
            .AddOutput("z", OnnxElementType.Float, ["batch", 4]);

    /// <summary>x [batch, 4] to y, the rows of x whose first number is above 0: as many as the data says, declared as given.</summary>
    public static OnnxGraph PositiveRows(OnnxDimension[]? declared) =>
        new OnnxGraph("positive_rows")
            .AddInput(Input, OnnxElementType.Float, ["batch", 4])
            .AddInitializer<float>("zero", [], [0])
            .AddInitializer<long>("first", [], [0])
            .AddNode("Gather", [Input, "first"], ["lead"], new OnnxAttribute("axis", 1))
            .AddNode("Greater", ["lead", "zero"], ["above"])
            .AddNode("Compress", [Input, "above"], [Output], new OnnxAttribute("axis", 0))
            .AddOutput(Output, OnnxElementType.Float, declared);

    /// <summary>x [1, width] to y [1, some], those numbers of x that are above 0, declared as given.</summary>
    public static OnnxGraph PositiveColumns(OnnxDimension[]? declared) =>
        new OnnxGraph("positive_columns")
            .AddInput(Input, OnnxElementType.Float, ["batch", "width"])
            .AddInitializer<float>("zero", [], [0])
            .AddInitializer<long>("flat", [1], [-1])
            .AddNode("Reshape", [Input, "flat"], ["numbers"])
            .AddNode("Greater", ["numbers", "zero"], ["above"])
            .AddNode("Compress", [Input, "above"], [Output], new OnnxAttribute("axis", 1))
            .AddOutput(Output, OnnxElementType.Float, declared);

    /// <summary>x [batch, 4] to y [2 batch, 4], x twice, declared as given.</summary>
    public static OnnxGraph Twice(OnnxDimension[]? declared) =>
        new OnnxGraph("twice")
            .AddInput(Input, OnnxElementType.Float, ["batch", 4])
            .AddNode("Concat", [Input, Input], [Output], new OnnxAttribute("axis", 0))
            .AddOutput(Output, OnnxElementType.Float, declared);

    /// <summary>x [batch, 256] to y [batch, 256], the sine of the sine and so on: about 10 ns a number and node.</summary>
    public static OnnxGraph Slow(int nodes)
    {
        OnnxGraph graph = new OnnxGraph("slow").AddInput(Input, OnnxElementType.Float, ["batch", SlowWidth]);
        string last = Input;
        for (int i = 0; i < nodes; i++)
        {
            string next = i + 1 == nodes ? Output : "v" + i;
            graph.AddNode("Sin", [last], [next]);
            last = next;
        }

        return graph.AddOutput(Output, OnnxElementType.Float, ["batch", SlowWidth]);
    }

    public static float[] Weights(int count)
    {
        float[] weights = new float[count];
        for (int i = 0; i < count; i++)
        {
            weights[i] = (((i * 37) + (i / 7 * 11)) % 33 - 16) / 8f;
        }

        return weights;
    }
}
