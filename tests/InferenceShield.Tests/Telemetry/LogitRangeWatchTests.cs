namespace InferenceShield.Tests;

public sealed class LogitRangeWatchTests
{
    [Fact]
    public void Logits_that_look_like_probabilities_are_said_once_with_their_output()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(OutputKind.SigmoidLogits, logger: logger);
        for (int i = 0; i < 400; i++)
        {
            shield.Release([0f, 0.3f, 1f, 0.7f, 0.9f, 0.1f], 2);
            Assert.Equal(i < 333 ? 0 : 1, logger.Messages("LogitsLookLikeProbabilities").Length); // three answers a call
        }

        Assert.Contains("output 'scores' is declared SigmoidLogits, and all numbers of its first 1000 answers lie between 0 and 1", logger.Messages("LogitsLookLikeProbabilities")[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OutputKind.SigmoidLogits, -0.01f)]
    [InlineData(OutputKind.SigmoidLogits, 1.01f)]
    [InlineData(OutputKind.SigmoidProbabilities, 0.5f)]
    public void One_number_out_of_range_settles_it_and_probabilities_are_no_logits(OutputKind kind, float number)
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(kind, logger: logger);
        for (int i = 0; i < 1100; i++)
        {
            shield.Release([0.2f, i == 999 ? number : 0.5f], 2);
        }

        Assert.Empty(logger.Messages("LogitsLookLikeProbabilities"));
    }

    [Fact]
    public void However_many_threads_look_it_is_said_once()
    {
        LogitRangeWatch watch = new();
        int said = 0;
        Parallel.For(0, 4 * LogitRangeWatch.Answers, _ =>
        {
            if (watch.Note([0.5f], 1))
            {
                Interlocked.Increment(ref said);
            }
        });
        Assert.Equal(1, said);
    }
}
