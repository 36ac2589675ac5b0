using InferenceShield.Lab;
using Microsoft.Extensions.DependencyInjection;

namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class ModelFaultTests
{
    [Fact]
    public async Task An_output_that_is_not_what_was_declared_is_500_without_a_word_of_the_model()
    {
        using Api api = new()
        {
            Configure = services => services.Configure<ShieldOptions>("fashion", options =>
            {
                options.Outputs.Clear();
                options.Outputs["logits"] = new OutputOptions { Kind = OutputKind.Probabilities };
            }),
        };
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43));
        Assert.Equal("The query could not be answered.", await response.ReadProblemAsync(500));
        Assert.Contains(api.Log.Lines, line =>
            line.StartsWith("Error", StringComparison.Ordinal) && line.Contains(nameof(InvalidModelOutputException), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_model_that_fails_is_500_without_a_word_of_the_model()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{nameof(ModelFaultTests)}-{Guid.NewGuid():N}.onnx");
        new OnnxGraph("broken")
            .AddInput("image", OnnxElementType.Float, ["batch", 1, 28, 28])
            .AddInitializer<long>("shape", [2], [-1, 10])
            .AddNode("Reshape", ["image", "shape"], ["probabilities"]) // 784 is no multiple of 10
            .AddOutput("probabilities", OnnxElementType.Float, ["batch", 10])
            .Save(path);
        try
        {
            using Api api = new("InferenceShield:Models:fashion:Session:ModelPath", path);
            using HttpClient alice = api.CreateClient(Api.AliceKey);
            using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43));
            Assert.Equal("The query could not be answered.", await response.ReadProblemAsync(500));
            Assert.Contains(api.Log.Lines, line =>
                line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("ModelRunException", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
