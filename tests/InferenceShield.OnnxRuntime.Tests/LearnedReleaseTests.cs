namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Bands and codebook learned from half of a real model's answers, held against the other half.</summary>
public sealed class LearnedReleaseTests(Fashion fashion) : IClassFixture<Fashion>
{
    private const int Classes = 10;
    private const int Half = 1000;

    [Theory]
    [InlineData(8, true)]
    [InlineData(8, false)]
    [InlineData(3, false)]
    public void Bands_keep_calibration_and_no_answer_crosses_an_edge(int count, bool namesRunnerUp)
    {
        float[] clean = fashion.Clean("probabilities", batch: 64);
        ConfidenceBands bands = ConfidenceBands.Learn(
            clean.AsSpan(0, Half * Classes), Classes, OutputKind.Probabilities, count, [0.9], namesRunnerUp);
        Assert.Equal(count, bands.Confidences.Count);

        float[] released = new float[Half * Classes];
        for (int row = 0; row < Half; row++)
        {
            ReadOnlySpan<float> answer = clean.AsSpan((Half + row) * Classes, Classes);
            Span<float> answered = released.AsSpan(row * Classes, Classes);
            bands.Release(answer, OutputKind.Probabilities, answered);
            int top = Assertions.FirstOfLargest(answer);
            Assertions.IsReleased(answered, top, 100_000);
            foreach (float edge in bands.Edges.Select(edge => (float)edge))
            {
                // Normalising moves a clean probability by a rounding error at most.
                Assert.True(Math.Abs(answer[top] - edge) < 1e-6f || answer[top] >= edge == answered[top] >= edge);
            }
        }

        Assert.InRange(CalibrationError(released, Half) - CalibrationError(clean.AsSpan(Half * Classes), Half), -1, 0.005);
    }

    [Fact]
    public void A_codebook_keeps_its_cap()
    {
        float[] clean = fashion.Clean("probabilities", batch: 64);
        AnswerCodebook codebook = AnswerCodebook.Learn(clean.AsSpan(0, Half * Classes), Classes, OutputKind.Probabilities);
        float[] released = new float[Classes];
        int taken = 0;
        for (int row = Half; row < 2 * Half; row++)
        {
            ReadOnlySpan<float> answer = clean.AsSpan(row * Classes, Classes);
            if (codebook.TryRelease(answer, OutputKind.Probabilities, released))
            {
                taken++;
                Assertions.IsReleased(released, Assertions.FirstOfLargest(answer), 100_000);
                double distance = 0;
                for (int i = 0; i < Classes; i++)
                {
                    distance += Math.Abs(answer[i] - released[i]);
                }

                Assert.InRange(distance, 0, codebook.DistanceCap + 1e-6);
            }
        }

        Assert.InRange(taken, 900, Half);
    }

    /// <summary>Expected calibration error over fifteen equal bins.</summary>
    private double CalibrationError(ReadOnlySpan<float> answers, int first)
    {
        double[] gaps = new double[15];
        for (int row = 0; row < answers.Length / Classes; row++)
        {
            ReadOnlySpan<float> answer = answers.Slice(row * Classes, Classes);
            int top = Assertions.FirstOfLargest(answer);
            int right = fashion.Data.Labels.Span[first + row] == top ? 1 : 0;
            gaps[Math.Min(14, (int)(answer[top] * 15))] += right - answer[top];
        }

        return gaps.Sum(Math.Abs) / (answers.Length / Classes);
    }
}
