namespace InferenceShield.Benchmarks.Support;

/// <summary>A model's file while it is being loaded; a temporary one is deleted afterwards.</summary>
internal sealed class BenchmarkModelFile(BenchmarkModel model, bool isTemporary) : IDisposable
{
    public BenchmarkModel Model { get; } = model;

    public void Dispose()
    {
        if (isTemporary)
        {
            File.Delete(Model.Path);
        }
    }
}
