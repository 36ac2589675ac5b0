namespace InferenceShield.Samples.Tests.FashionApi;

/// <summary>One running sample for all tests of a class that charge nothing.</summary>
public sealed class ApiFixture : IDisposable
{
    internal Api Api { get; } = new();

    public void Dispose() => Api.Dispose();
}
