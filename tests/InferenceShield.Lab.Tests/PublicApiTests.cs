namespace InferenceShield.Lab.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void The_public_api_is_the_committed_one() => Assert.Null(PublicApiText.FindDrift(typeof(Dataset).Assembly));
}
