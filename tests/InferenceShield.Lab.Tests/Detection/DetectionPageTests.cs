using InferenceShield.Samples;
using InferenceShield.Statistics.Detection;

namespace InferenceShield.Lab.Tests;

/// <summary>docs/detection.md says what the CSV files say.</summary>
public sealed class DetectionPageTests
{
    [Fact]
    public void The_page_is_what_the_files_make()
    {
        string root = SampleFiles.FindRoot();
        Assert.Equal(DetectionPage.Make(root), File.ReadAllText(DetectionPage.PathIn(root)).ReplaceLineEndings("\n"));
    }

    [Fact]
    public void The_first_lines_say_what_is_not_detectable()
    {
        string[] lines = File.ReadAllLines(DetectionPage.PathIn(SampleFiles.FindRoot()));
        Assert.Contains("**Not detectable:**", lines.Take(6));
    }
}
