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
        long least = long.MaxValue;
        for (int round = 0; round < 4; round++)
        {
            // The least of the rounds: the runtime may allocate once on this thread while it replaces code by faster code.
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 200; i++)
            {
                bands.Release(clean, OutputKind.Logits, released);
                Assert.True(codebook.TryRelease(clean, OutputKind.Logits, released));
            }

            least = round == 0 ? least : Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
