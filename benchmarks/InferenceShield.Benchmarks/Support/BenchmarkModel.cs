using InferenceShield.Samples;
using InferenceShield.Lab;

namespace InferenceShield.Benchmarks.Support;

/// <summary>A model to be run bare and shielded.</summary>
/// <param name="Path">The ONNX file.</param>
/// <param name="Input">Its input.</param>
/// <param name="InputShape">The shape of one row.</param>
/// <param name="Output">The output that is released.</param>
/// <param name="OutputKind">What it holds.</param>
/// <param name="Classes">Numbers in a row of it.</param>
internal sealed record BenchmarkModel(string Path, string Input, long[] InputShape, string Output, OutputKind OutputKind, int Classes)
{
    /// <summary>The smallest model worth the name: nearly all of a call is overhead.</summary>
    public const string MatMul = "MatMul 64x10";

    /// <summary>The model of the samples: 28x28 pixels, two convolutions.</summary>
    public const string Fashion = "fashion.onnx";

    /// <summary>A model from another framework with the same task.</summary>
    public const string FashionCnn = "fashion-cnn.onnx";

    private const int MatMulInputs = 64;
    private const int MatMulClasses = 10;

    public int InputLength => (int)InputShape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Finds or makes the file of a model. Dispose the result once the model is loaded.</summary>
    public static BenchmarkModelFile Open(string name)
    {
        if (name == MatMul)
        {
            string path = System.IO.Path.GetTempFileName();
            MakeMatMul().Save(path);
            return new BenchmarkModelFile(
                new BenchmarkModel(path, "x", [1, MatMulInputs], "logits", OutputKind.Logits, MatMulClasses), isTemporary: true);
        }

        return new BenchmarkModelFile(
            new BenchmarkModel(
                SampleFiles.GetModel(name), "image", [1, 1, FashionDataset.Side, FashionDataset.Side],
                "probabilities", OutputKind.Probabilities, FashionDataset.ClassCount),
            isTemporary: false);
    }

    /// <summary>64 rows of what the model expects.</summary>
    public RotatingRows MakeRows()
    {
        if (InputLength != FashionDataset.PixelCount)
        {
            return RotatingRows.Uniform(InputLength, seed: 3);
        }

        FashionDataset images = FashionDataset.LoadSubset();
        return new RotatingRows(row => images.GetImage(row).ToArray());
    }

    private static OnnxGraph MakeMatMul()
    {
        Random random = new(2);
        float[] weights = new float[MatMulInputs * MatMulClasses];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = (2 * random.NextSingle()) - 1;
        }

        return new OnnxGraph("matmul")
            .AddInput("x", OnnxElementType.Float, ["batch", (long)MatMulInputs])
            .AddInitializer<float>("w", [MatMulInputs, MatMulClasses], weights)
            .AddNode("MatMul", ["x", "w"], ["logits"])
            .AddOutput("logits", OnnxElementType.Float, ["batch", (long)MatMulClasses]);
    }
}
