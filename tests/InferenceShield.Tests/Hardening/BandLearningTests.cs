using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class BandLearningTests
{
    private const int Classes = 10;

    [Fact]
    public void Numbers_are_the_mean_confidence_of_the_answers_in_each_band()
    {
        float[] answers = ReleaseCases.Answers(Classes, 3000, seed: 1);
        ConfidenceBands bands = ConfidenceBands.Learn(answers, Classes, OutputKind.Logits);
        Assert.Equal(8, bands.Confidences.Count);
        (float Confidence, float Second)[] rows = [.. answers.Chunk(Classes).Select(row =>
        {
            double[] distribution = CleanAnswers.Normalize(row, OutputKind.Logits, 0, out int top).ToArray();
            return ((float)distribution[top], (float)distribution.OrderDescending().ElementAt(1));
        })];
        for (int band = 0; band < 8; band++)
        {
            (float Confidence, float Second)[] inside = [.. rows.Where(row => bands.FindBand(row.Confidence) == band)];
            double share = inside.Sum(row => (double)row.Second) / inside.Sum(row => 1.0 - row.Confidence);
            Assert.Equal(inside.Average(row => (double)row.Confidence), bands.Confidences[band], 1e-5);
            Assert.Equal(share * (1 - bands.Confidences[band]), bands.RunnersUp[band], 3e-5);
        }

        // Each band has an eighth of the weight, but for the rounding of its edges.
        double[] weights = [.. Enumerable.Range(0, 8).Select(band => rows.Where(row => bands.FindBand(row.Confidence) == band)
            .Sum(row => Math.Sqrt(row.Confidence * (1.0 - row.Confidence))))];
        Assert.All(weights, weight => Assert.InRange(weight / weights.Sum(), 0.118, 0.132));
        Assert.Contains(bands.Edges, edge => edge > 0.95);
        Assert.Contains(bands.Edges, edge => edge < 0.7);
    }

    [Fact]
    public void Learning_does_not_depend_on_the_order_of_the_answers()
    {
        float[] answers = ReleaseCases.Answers(Classes, 500, seed: 2);
        float[] reversed = [.. answers.Chunk(Classes).Reverse().SelectMany(row => row)];
        AssertSame(ConfidenceBands.Learn(answers, Classes, OutputKind.Logits), ConfidenceBands.Learn(reversed, Classes, OutputKind.Logits));
    }

    [Fact]
    public void Thresholds_are_kept_and_the_other_edges_placed_between_them()
    {
        float[] answers = ReleaseCases.Answers(Classes, 3000, seed: 3);
        ConfidenceBands bands = ConfidenceBands.Learn(answers, Classes, OutputKind.Logits, 8, [0.5, 0.9, 0.99]);
        Assert.Equal(7, bands.Edges.Count);
        Assert.All((double[])[0.5, 0.9, 0.99], edge => Assert.Contains(edge, bands.Edges));
        Assert.Equal(bands.Edges.Order(), bands.Edges);
        Assert.Equal([0.5, 0.9], ConfidenceBands.Learn(answers, Classes, OutputKind.Logits, 1, [0.5, 0.9]).Edges);
    }

    [Fact]
    public void Answers_that_are_all_alike_give_fewer_bands()
    {
        float[] sure = [.. Enumerable.Repeat((float[])[0, 1, 0], 100).SelectMany(row => row)];
        ConfidenceBands bands = ConfidenceBands.Learn(sure, 3, OutputKind.Probabilities);
        Assert.Empty(bands.Edges);
        Assert.Equal([1.0], bands.Confidences);
        float[] even = [.. Enumerable.Repeat(1f, 300)];
        Assert.InRange(ConfidenceBands.Learn(even, 3, OutputKind.Logits).Edges.Count, 0, 1);
    }

    [Fact]
    public void Whatever_the_answers_the_bands_are_ones_that_a_file_may_hold()
    {
        Properties.Hold(
            from scores in ReleaseCases.Scores
            from count in Gen.Choose(1, ConfidenceBands.MaximumBands)
            from runnerUp in Gen.Elements(true, false)
            select (scores, count, runnerUp),
            test =>
            {
                float[][] rows = [.. Enumerable.Range(0, 8).Select(i => (test.scores with { Seed = test.scores.Seed ^ i }).Scores())];
                float[] answers = [.. Enumerable.Range(0, 5 * test.count).SelectMany(i => rows[i % rows.Length])];
                ConfidenceBands bands = ConfidenceBands.Learn(answers, test.scores.Classes, test.scores.Kind, test.count, default, test.runnerUp);
                Assert.InRange(bands.Confidences.Count, 1, test.count);
                using MemoryStream file = new();
                bands.Save(file, "model");
                AssertSame(bands, ConfidenceBands.Load(file.ToArray(), "model", test.scores.Classes));
            }, tests: 300);
    }

    internal static void AssertSame(ConfidenceBands expected, ConfidenceBands actual)
    {
        Assert.Equal(expected.Edges, actual.Edges);
        Assert.Equal(expected.Confidences, actual.Confidences);
        Assert.Equal(expected.RunnersUp, actual.RunnersUp);
        Assert.Equal((expected.Classes, expected.NamesRunnerUp), (actual.Classes, actual.NamesRunnerUp));
    }
}
