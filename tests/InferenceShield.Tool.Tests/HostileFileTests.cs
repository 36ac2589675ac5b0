using System.IO.Compression;
using System.Text;
using InferenceShield.Lab;
using InferenceShield.Tests;

namespace InferenceShield.Tool.Tests;

/// <summary>Files that are damaged or made to do damage are mistakes that are named, whatever is in them.</summary>
public sealed class HostileFileTests : IDisposable
{
    private readonly ToolRun _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public void Rows_whatever_their_bytes()
    {
        string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".PadRight(69) + "\n";
        byte[] text = "a,b,label\n1,2,x\n3,4.5,y\n-1e3,.5,x\n"u8.ToArray();
        using MemoryStream zipped = new();
        using (GZipStream gzip = new(zipped, CompressionLevel.Fastest))
        {
            gzip.Write(text);
        }

        byte[][] files =
        [
            text,
            zipped.ToArray(),
            [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. new byte[24]],
            [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102],
            [0, 0, 0x0E, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ];
        string?[] columns = [null, "none", "first", "last", "2", "label"];
        Mutations mutations = new(seed: 1);
        int read = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] altered = mutations.Next(files[i % files.Length], ",", ";", "\n", "NaN", "1e39", "\uFEFF", "0, ", "9999999999", "4294967296, ", "'|u1'", "-1");
            string path = _tool.Write("rows", altered);
            read += IsRead(() => Assert.DoesNotContain(DataFile.Read(path, null, columns[mutations.Draw(columns.Length)], "auto").Values.ToArray(), value => !float.IsFinite(value)), altered) ? 1 : 0;
        }

        Assert.InRange(read, 100, 4000); // some mean something
    }

    [Fact]
    public void Models_whatever_their_bytes()
    {
        string path = _tool.At("model.onnx");
        new OnnxGraph("test").AddInput("x", OnnxElementType.Float, [4, 2]).AddInitializer<float>("w", [2, 3], [1, 0, 1, 0, 1, 1])
            .AddNode("MatMul", ["x", "w"], ["z"]).AddNode("Softmax", ["z"], ["y"]).AddOutput("y", OnnxElementType.Float, [4, 3]).Save(path);
        byte[] file = File.ReadAllBytes(path);
        Mutations mutations = new(seed: 2);
        for (int i = 0; i < 500; i++)
        {
            byte[] altered = mutations.Next(file);
            _tool.Write("model.onnx", altered);
            IsRead(() =>
            {
                using OnnxClassifier model = OutputChoice.Open(path, new Dataset("rows", new float[] { 1, 2, 3, 4, 5, 6 }, 2), null, null, [], out _);
                model.Classify(new float[3 * model.InputLength], new float[3 * model.ClassCount]);
            }, altered);
        }
    }

    [Fact]
    public async Task A_model_whose_output_has_no_dimensions_is_inspected()
    {
        new OnnxGraph("test").AddInput("x", OnnxElementType.Float, ["batch", 2]).AddNode("ReduceMean", ["x"], ["y"], new OnnxAttribute("keepdims", 0))
            .AddOutput("y", OnnxElementType.Float, []).Save(_tool.At("mean.onnx"));
        Assert.True(await _tool.RunAsync("inspect", _tool.At("mean.onnx")) == ExitCode.Done, _tool.Error);
        Assert.Contains("it has 0 dimensions", _tool.Output, StringComparison.Ordinal);
    }

    [Theory] // zeros, and more numbers than there is room for
    [InlineData(5)]
    [InlineData(2)]
    public async Task An_embedding_that_does_not_go_by_rows_is_refused(int rows)
    {
        string path = _tool.At("square.onnx"); // 2 by 2 numbers of any rows
        new OnnxGraph("test").AddInput("x", OnnxElementType.Float, ["batch", 2]).AddNode("Transpose", ["x"], ["t"]).AddNode("MatMul", ["t", "x"], ["y"])
            .AddOutput("y", OnnxElementType.Float, [2, 2]).Save(path);
        using EmbeddingModel model = EmbeddingModel.Open(path, new Dataset("rows", new float[8], 2), "y");
        OracleException refused = await Assert.ThrowsAsync<OracleException>(async () => await model.AskAsync(new float[2 * rows], new float[rows * model.AnswerLength], default));
        Assert.Contains($"for {rows} rows", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Whether it was read; anything else that is thrown than what users are told in one line fails the test.</summary>
    private static bool IsRead(Action read, byte[] bytes)
    {
        Exception? thrown = Record.Exception(read);
        Assert.True(thrown is null or MistakeException or ExtractionException, $"{thrown} of {Convert.ToBase64String(bytes)}");
        return thrown is null;
    }
}
