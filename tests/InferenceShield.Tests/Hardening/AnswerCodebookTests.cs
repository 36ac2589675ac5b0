using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class AnswerCodebookTests
{
    [Fact]
    public void A_released_centroid_is_a_distribution_within_the_cap_and_its_own_release()
    {
        Dictionary<(int, double), AnswerCodebook> codebooks = [];
        int released = 0;
        Properties.Hold(
            from scores in ReleaseCases.Scores
            from classes in Gen.Elements(1, 2, 3, 10, 26, 257)
            from cap in Gen.Elements(0.05, 0.5, 2)
            select (scores: scores with { Classes = classes }, cap),
            test =>
            {
                int classes = test.scores.Classes;
                if (!codebooks.TryGetValue((classes, test.cap), out AnswerCodebook? codebook))
                {
                    float[] benign = ReleaseCases.Answers(classes, 12 * classes, classes);
                    codebook = codebooks[(classes, test.cap)] = AnswerCodebook.Learn(benign, classes, OutputKind.Logits, 16, test.cap);
                }

                float[] clean = test.scores.Scores();
                float[] answer = [.. Enumerable.Repeat(7f, classes)];
                if (!codebook.TryRelease(clean, test.scores.Kind, answer))
                {
                    Assert.All(answer, value => Assert.Equal(7, value));
                    Assert.True(test.cap < 2 || codebook.CountOf(Assertions.FirstOfLargest(clean)) == 0);
                    return;
                }

                released++;
                ReleaseCases.AssertDistribution(clean, answer);
                Span<double> distribution = CleanAnswers.Normalize(clean, test.scores.Kind, 0, out _);
                double distance = 0;
                for (int i = 0; i < classes; i++)
                {
                    distance += Math.Abs(distribution[i] - answer[i]);
                }

                Assert.True(distance <= codebook.DistanceCap);
                float[] again = new float[classes];
                Assert.True(codebook.TryRelease(answer, OutputKind.Probabilities, again));
                Assertions.SameBits(answer, again);
                Assert.True(codebook.TryRelease(clean, test.scores.Kind, clean));
                Assertions.SameBits(answer, clean);
            }, tests: 600);
        Assert.True(released > 200, $"{released} answers were within the cap.");
    }

    [Fact]
    public void The_nearest_centroid_of_the_label_is_released()
    {
        float[] benign = ReleaseCases.Answers(10, 2000, seed: 1);
        AnswerCodebook codebook = AnswerCodebook.Learn(benign, 10, OutputKind.Logits, 16, 2);
        float[] answers = ReleaseCases.Answers(10, 300, seed: 2);
        float[] released = new float[10];
        foreach (float[] clean in answers.Chunk(10))
        {
            Assert.True(codebook.TryRelease(clean, OutputKind.Logits, released));
            double[] distribution = CleanAnswers.Normalize(clean, OutputKind.Logits, 0, out int top).ToArray();
            CodebookLabel label = codebook.Labels[top];
            double least = Enumerable.Range(0, label.Count).Min(center => distribution.Select((value, i) => Math.Abs(value - label.Value(center, i))).Sum());
            Assert.Equal(least, distribution.Zip(released, (value, other) => Math.Abs(value - other)).Sum(), 1e-6);
        }
    }

    [Fact]
    public void Learning_is_a_function_of_answers_and_seed()
    {
        float[] benign = ReleaseCases.Answers(10, 2000, seed: 1);
        byte[] first = Save(AnswerCodebook.Learn(benign, 10, OutputKind.Logits, seed: 7));
        Assert.Equal(first, Save(AnswerCodebook.Learn(benign, 10, OutputKind.Logits, seed: 7)));
        Assert.NotEqual(first, Save(AnswerCodebook.Learn(benign, 10, OutputKind.Logits, seed: 8)));
    }

    [Fact]
    public void No_benign_answer_is_a_centroid()
    {
        const int Classes = 10;
        float[] benign = ReleaseCases.Answers(Classes, 400, seed: 9);
        AnswerCodebook codebook = AnswerCodebook.Learn(benign, Classes, OutputKind.Logits, AnswerCodebook.MaximumCentroids, 0.00002);
        Assert.InRange(codebook.Count, 10, 400 / AnswerCodebook.MinimumMembers);
        float[] released = new float[Classes];
        Assert.All(benign.Chunk(Classes), row => Assert.False(codebook.TryRelease(row, OutputKind.Logits, released)));
    }

    [Fact]
    public void A_label_without_enough_answers_has_no_centroid()
    {
        float[] rows = [.. Enumerable.Repeat((float[])[3, 1, 0], 11).Concat(Enumerable.Repeat((float[])[0, 1, 0], 4)).SelectMany(row => row)];
        AnswerCodebook codebook = AnswerCodebook.Learn(rows, 3, OutputKind.Logits);
        Assert.Equal((1, 0, 0), (codebook.CountOf(0), codebook.CountOf(1), codebook.CountOf(2)));
        Assert.False(codebook.TryRelease([0, 1, 0], OutputKind.Logits, new float[3]));
    }

    [Fact]
    public void Arguments_out_of_range_are_refused()
    {
        float[] rows = ReleaseCases.Answers(3, 30, 1);
        foreach (double cap in (double[])[0, -1, 2.1, double.NaN, 1e-7])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => AnswerCodebook.Learn(rows, 3, OutputKind.Logits, distanceCap: cap));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => AnswerCodebook.Learn(rows, 3, OutputKind.Logits, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnswerCodebook.Learn(rows, 3, OutputKind.Logits, 257));
        Assert.Throws<ArgumentException>(() => AnswerCodebook.Learn([], 3, OutputKind.Logits));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnswerCodebook.Learn(rows, 3, OutputKind.Regression));
        Assert.Throws<InvalidModelOutputException>(() => AnswerCodebook.Learn([.. rows, 1, 2, float.NaN], 3, OutputKind.Logits));
        ArgumentException few = Assert.Throws<ArgumentException>("answers", () => AnswerCodebook.Learn(rows.AsSpan(0, 14 * 3), 3, OutputKind.Logits));
        Assert.Contains("There are 14 answers to learn the typical ones of 3 classes from; 15 are needed", few.Message, StringComparison.Ordinal);
        Assert.InRange(AnswerCodebook.Learn(rows.AsSpan(0, 15 * 3), 3, OutputKind.Logits).Count, 1, 3);
    }

    internal static byte[] Save(AnswerCodebook codebook, string model = "model", ShieldSecret? secret = null)
    {
        using MemoryStream file = new();
        codebook.Save(file, model, secret, new ManualTimeProvider());
        return file.ToArray();
    }
}
