using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Files that are no model: an error that names the path.</summary>
public sealed class ModelFileTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Shield _shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Logits)]);

    [Fact]
    public void A_file_that_is_not_there()
    {
        ModelFileException exception = Open(_folder.File("nothing.onnx"));
        Assertions.Says(exception.Message, "does not exist", _folder.File("nothing.onnx"));
        Assert.Null(exception.InnerException);

        Assertions.Says(Open("nothing-here.onnx").Message, "'nothing-here.onnx'", Path.GetFullPath("nothing-here.onnx"));
    }

    [Fact]
    public void A_folder() => Assertions.Says(Open(_folder.Path).Message, "is a folder", _folder.Path);

    [Fact]
    public void An_empty_file() => IsNoModel([]);

    [Fact]
    public void Text() => IsNoModel(Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"));

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.999)]
    public void A_model_that_was_cut_short(double share)
    {
        byte[] whole = File.ReadAllBytes(Fashion.Model);
        IsNoModel(whole[..(int)(whole.Length * share)]);
    }

    [Fact]
    public void A_model_of_an_operator_that_the_runtime_lacks() => IsNoModel(new OnnxGraph("strange")
        .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 4])
        .AddNode("Undreamt", [TestModels.Input], [TestModels.Output])
        .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 4])
        .ToBytes());

    [Fact]
    public void A_model_without_inputs() => Assertions.Says(Open(_folder.Save(new OnnxGraph("constant")
        .AddInitializer<float>("c", [1, 2], [1, 2])
        .AddNode("Identity", ["c"], [TestModels.Output])
        .AddOutput(TestModels.Output, OnnxElementType.Float, [1, 2]))).Message, "no inputs");

    [Fact]
    public void A_path_or_shield_that_is_null()
    {
        Assert.Throws<ArgumentNullException>(() => new ShieldedSession(_shield, (string)null!));
        Assert.Throws<ArgumentNullException>(() => new ShieldedSession(_shield, (Microsoft.ML.OnnxRuntime.InferenceSession)null!));
        Assert.Throws<ArgumentNullException>(() => new ShieldedSession(null!, Fashion.Model));
    }

    public void Dispose()
    {
        // A file that could not be loaded is not held open either, and a good one loads.
        using ShieldedSession session = TestSession.Open(_shield, _folder.Save(TestModels.Linear()));
        _folder.Dispose();
        _shield.Dispose();
    }

    private void IsNoModel(byte[] content)
    {
        string path = _folder.Save(content, "broken.onnx");
        ModelFileException exception = Open(path);
        Assertions.Says(exception.Message, $"'{path}'", $"{content.Length:N0} bytes");
        Assert.IsType<Microsoft.ML.OnnxRuntime.OnnxRuntimeException>(exception.InnerException);
    }

    private ModelFileException Open(string path) => Assert.Throws<ModelFileException>(() => TestSession.Open(_shield, path));
}
