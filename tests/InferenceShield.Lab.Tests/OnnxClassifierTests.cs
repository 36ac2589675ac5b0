using InferenceShield.Samples;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Lab.Tests;

public sealed class OnnxClassifierTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("surrogate").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(SurrogateKind.Linear)]
    [InlineData(SurrogateKind.Mlp)]
    [InlineData(SurrogateKind.Cnn)]
    public void A_saved_surrogate_answers_as_the_one_in_memory(SurrogateKind kind)
    {
        FashionDataset images = FashionDataset.LoadSubset();
        float[] rows = images.Images[..(500 * 784)].ToArray();
        float[] truth = new float[500 * 10];
        for (int i = 0; i < 500; i++)
        {
            truth[(i * 10) + images.Labels.Span[i]] = 1;
        }

        SurrogateOptions options = new() { Kind = kind, Image = new ImageShape(1, 28), Hidden = [32], Steps = kind == SurrogateKind.Cnn ? 12 : 100, BatchSize = 64 };
        Surrogate surrogate = SurrogateTrainer.Train(rows, truth, 784, 10, options, 1, 1, default);
        string path = Path.Combine(_folder, "copy.onnx");
        surrogate.Save(path);
        using OnnxClassifier loaded = new(path);
        Assert.Equal(("probabilities", OutputKind.Probabilities, 784, 10), (loaded.Output, loaded.Kind, loaded.InputLength, loaded.ClassCount));
        using OnnxClassifier logits = new(path, "logits", threads: 2);
        Assert.Equal(OutputKind.Logits, logits.Kind);
        AssertClose(Ask(surrogate, rows), Ask(loaded, rows));
        AssertClose(Ask(surrogate, rows), Ask(logits, rows));
    }

    [Fact]
    public void Channels_of_an_image_keep_their_places()
    {
        Teacher teacher = new(60, 2 * 8 * 8, 4, 1);
        SurrogateOptions options = new() { Kind = SurrogateKind.Cnn, Image = new ImageShape(2, 8), Hidden = [], Steps = 20, Scaling = SurrogateScaling.PerFeature };
        Surrogate surrogate = teacher.Train(options);
        surrogate.Save(Path.Combine(_folder, "copy.onnx"));
        using OnnxClassifier loaded = new(Path.Combine(_folder, "copy.onnx"));
        AssertClose(teacher.Ask(surrogate), teacher.Ask(loaded));
    }

    [Fact]
    public void A_saved_surrogate_says_what_it_is_and_takes_any_number_of_rows()
    {
        using InferenceSession session = new(new Teacher(50, 6, 3, 1).Train(new SurrogateOptions()).ToOnnx());
        Assert.Equal(("InferenceShield.Lab", "surrogate"), (session.ModelMetadata.ProducerName, session.ModelMetadata.GraphName));
        Assert.Equal([-1, 6], session.InputMetadata["input"].Dimensions);
        Assert.Equal([-1, 3], session.OutputMetadata["probabilities"].Dimensions);
        Assert.Equal([-1, 3], session.OutputMetadata["logits"].Dimensions);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(4)]
    public void Batches_of_the_model_are_filled_and_softmax_is_applied_to_logits(int? batch)
    {
        using OnnxClassifier model = new(Write(batch));
        Assert.Equal(OutputKind.Logits, model.Kind);
        float[] inputs = [.. Enumerable.Range(0, 2 * 301).Select(static i => (i % 7) - 3f)];
        float[] answers = Ask(model, inputs);
        for (int row = 0; row < 301; row++)
        {
            // The logits are the inputs and their sum.
            double a = Math.Exp(inputs[row * 2]);
            double b = Math.Exp(inputs[(row * 2) + 1]);
            Assert.Equal([a / (a + b + (a * b)), b / (a + b + (a * b)), a * b / (a + b + (a * b))], [answers[row * 3], answers[(row * 3) + 1], answers[(row * 3) + 2]], new Tolerance());
        }

        Assert.Throws<ArgumentException>(() => model.Classify(new float[3], answers));
        Assert.Throws<ArgumentException>(() => model.Classify(inputs, new float[3]));
    }

    [Fact]
    public void The_kind_of_an_output_can_be_told()
    {
        using OnnxClassifier model = new(Write(null), kind: OutputKind.Probabilities);
        float[] answers = new float[3];
        model.Classify([2f, 3f], answers);
        Assert.Equal([2f, 3f, 5f], answers);
    }

    [Fact]
    public void Mistakes_are_named()
    {
        string path = Write(null);
        Assert.Contains("does not exist", Assert.Throws<FileNotFoundException>(() => new OnnxClassifier(Path.Combine(_folder, "none.onnx"))).Message, StringComparison.Ordinal);
        string text = Path.Combine(_folder, "text.onnx");
        File.WriteAllText(text, "no model");
        Assert.Contains("cannot load", Assert.Throws<ArgumentException>(() => new OnnxClassifier(text)).Message, StringComparison.Ordinal);
        Assert.Contains("no output 'nope'; it has 'y'", Assert.Throws<ArgumentException>(() => new OnnxClassifier(path, "nope")).Message, StringComparison.Ordinal);
        Assert.Contains("not Embedding", Assert.Throws<ArgumentException>(() => new OnnxClassifier(path, kind: OutputKind.Embedding)).Message, StringComparison.Ordinal);
        Assert.Contains("[free, free]", Fails(Start().AddInput("x", OnnxElementType.Float, ["batch", "width"]).AddNode("Relu", ["x"], ["y"]), ["batch", "width"]), StringComparison.Ordinal);
        Assert.Contains("no tensor of float", Fails(Start().AddInput("x", OnnxElementType.Double, ["batch", 2]).AddNode("Cast", ["x"], ["y"], new OnnxAttribute("to", 1)), ["batch", 2]), StringComparison.Ordinal);
        Assert.Contains("2 inputs", Fails(Start().AddInput("x", OnnxElementType.Float, ["batch", 2]).AddInput("z", OnnxElementType.Float, ["batch", 2]).AddNode("Add", ["x", "z"], ["y"]), ["batch", 2]), StringComparison.Ordinal);
        Assert.Contains("2 to 1000000 classes", Fails(Start().AddInput("x", OnnxElementType.Float, ["batch", 1]).AddNode("Relu", ["x"], ["y"]), ["batch", 1]), StringComparison.Ordinal);
        Assert.Contains("name the one to read:", Fails(Start().AddInput("x", OnnxElementType.Float, ["batch", 2]).AddNode("Relu", ["x"], ["y"]).AddNode("Neg", ["x"], ["z"]).AddOutput("z", OnnxElementType.Float, ["batch", 2]), ["batch", 2]), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_that_is_not_finite_names_row_and_class()
    {
        string path = Save(Start().AddInput("x", OnnxElementType.Float, ["batch", 2]).AddNode("Sqrt", ["x"], ["y"]), ["batch", 2]);
        using OnnxClassifier model = new(path);
        ExtractionException exception = Assert.Throws<ExtractionException>(() => model.Classify([1f, 2f, 3f, -1f], new float[4]));
        Assert.Contains("row 1", exception.Message, StringComparison.Ordinal);
        Assert.Contains("class 1 of output 'y'", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(int.MaxValue, new long[] { 2 })]
    [InlineData(null, new long[] { 65536, 65536 })]
    [InlineData(null, new long[] { 65537, 65537 })]
    [InlineData(null, new long[] { 65536, 32768 })]
    [InlineData(1, new long[] { int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue })]
    public void An_input_that_no_run_can_hold_is_refused(int? batch, long[] sizes)
    {
        OnnxDimension[] shape = [batch is int rows ? rows : "batch", .. sizes.Select(OnnxDimension.FromInt64)];
        string message = Fails(Start().AddInput("x", OnnxElementType.Float, shape).AddNode("Relu", ["x"], ["y"]), shape);
        Assert.Contains($"[{batch?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "free"}, {string.Join(", ", sizes)}]: a run would take more than 268435456 values", message, StringComparison.Ordinal);
    }

    private static OnnxGraph Start() => new("test");

    private static float[] Ask(IClassifier model, float[] rows)
    {
        float[] answers = new float[rows.Length / model.InputLength * model.ClassCount];
        model.Classify(rows, answers);
        return answers;
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.True(expected.Zip(actual, static (a, b) => MathF.Abs(a - b)).Max() <= 1e-5f);
    }

    private string Fails(OnnxGraph graph, OnnxDimension[] shape)
    {
        string path = Save(graph, shape);
        return Assert.Throws<ArgumentException>(() => new OnnxClassifier(path)).Message;
    }

    /// <summary>A model of two inputs whose three logits are the inputs and their sum.</summary>
    private string Write(int? batch)
    {
        OnnxDimension size = batch is int fixedSize ? fixedSize : "batch";
        return Save(
            Start().AddInput("x", OnnxElementType.Float, [size, 2]).AddInitializer<float>("w", [2, 3], [1, 0, 1, 0, 1, 1]).AddNode("MatMul", ["x", "w"], ["y"]), [size, 3]);
    }

    private string Save(OnnxGraph graph, OnnxDimension[] shape)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.onnx");
        graph.AddOutput("y", OnnxElementType.Float, shape).Save(path);
        return path;
    }

    private sealed class Tolerance : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) < 1e-6;

        public int GetHashCode(double obj) => 0;
    }
}
