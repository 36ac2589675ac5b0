namespace InferenceShield.Tests;

[Collection(ProcessWide.Name)]
public sealed class ReleaseAllocationTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(257)]
    public void Learned_releases_allocate_nothing(int classes)
    {
        ConfidenceBands bands = ReleaseCases.MakeBands(classes, 7, true, 3);
        AnswerCodebook codebook = AnswerCodebook.Learn(ReleaseCases.Answers(classes, 20 * classes, 1), classes, OutputKind.Logits, distanceCap: 2);
        float[] clean = ReleaseCases.Answers(classes, 1, 4);
        float[] released = new float[classes];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                bands.Release(clean, OutputKind.Logits, released);
                Assert.True(codebook.TryRelease(clean, OutputKind.Logits, released));
            }
        }));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(1000)]
    public void Rounding_and_the_shortest_answers_allocate_nothing(int classes)
    {
        OutputPlan[] plans =
        [
            new("scores", OutputKind.Logits, new HardeningOptions()),
            new("scores", OutputKind.Logits, new HardeningOptions { Decimals = 5, Temperature = 2 }),
            new("scores", OutputKind.Logits, new HardeningOptions { Release = Release.LabelOnly }),
            new("scores", OutputKind.Logits, new HardeningOptions { TopK = 3 }),
        ];
        float[][] rows = [ReleaseCases.Answers(classes, 1, 4), new float[classes]]; // the second goes the long way: all tie
        float[] released = new float[classes];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 400; i++)
            {
                DistributionHardening.TryHarden(plans[i % plans.Length], HardeningStep.NoiseKey, rows[i / 4 % 2], released, out _, out _, out _);
            }
        }));
    }
}
