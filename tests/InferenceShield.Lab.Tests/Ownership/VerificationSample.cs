namespace InferenceShield.Lab.Tests;

/// <summary>A target, its key, and what a suspect is verified with.</summary>
internal sealed class VerificationSample : IDisposable
{
    public MarkedModel Target { get; } = MarkedModel.Clean(seed: 1);

    public MarkKey Key { get; } = MarkedModel.Key(1);

    public string Folder { get; } = Directory.CreateTempSubdirectory("verify").FullName;

    public void Dispose()
    {
        Key.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    public Task<VerificationReport> VerifyAsync(IClassifier suspect, VerificationRequest? request = null) =>
        OwnershipVerifier.VerifyAsync(request ?? Request(8000), Suspect.Of("suspect", suspect));

    public VerificationRequest Request(int rows) => new()
    {
        Target = Target,
        Key = Key,
        Marks = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = MarkedModel.Margin } },
        Queries = Target.Rows(3, rows),
        RandomKeys = 300,
        WantedPValue = 0.001,
        ExpectedMatch = 0.9,
        Time = new SimulatedTimeProvider(),
    };
}
