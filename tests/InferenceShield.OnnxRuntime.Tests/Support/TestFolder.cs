using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>A folder of a test's own, gone after it.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("inference-shield-tests-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Save(OnnxGraph graph, string name = "model.onnx")
    {
        string file = File(name);
        graph.Save(file);
        return file;
    }

    public string Save(byte[] content, string name = "model.onnx")
    {
        string file = File(name);
        System.IO.File.WriteAllBytes(file, content);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
