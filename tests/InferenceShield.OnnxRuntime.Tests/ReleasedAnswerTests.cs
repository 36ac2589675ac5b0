using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>What leaves a session: the label the model gives, never its scores, and the same for the same row.</summary>
public sealed class ReleasedAnswerTests(Fashion fashion) : IClassFixture<Fashion>
{
    private const int Classes = 10;
    private const int Features = 64;

    [Theory]
    [InlineData("probabilities", OutputKind.Probabilities, 1)]
    [InlineData("probabilities", OutputKind.Probabilities, 7)]
    [InlineData("probabilities", OutputKind.Probabilities, 64)]
    [InlineData("logits", OutputKind.Logits, 1)]
    [InlineData("logits", OutputKind.Logits, 7)]
    [InlineData("logits", OutputKind.Logits, 64)]
    public void Every_image_keeps_its_label_and_none_its_scores(string output, OutputKind kind, int batch)
    {
        using TestSession session = TestSession.OfFile(Fashion.Model, output, kind);
        float[] clean = fashion.Clean(output, batch);

        float[] released = fashion.Released(session, Classes, batch);

        int right = 0;
        for (int image = 0; image < fashion.Data.Count; image++)
        {
            Span<float> cleanRow = clean.AsSpan(image * Classes, Classes);
            Span<float> releasedRow = released.AsSpan(image * Classes, Classes);
            int top = Assertions.FirstOfLargest(cleanRow);
            Assertions.IsReleased(releasedRow, top);
            Assert.False(Assertions.AreSameBits(cleanRow, releasedRow), $"Image {image} was released clean.");
            right += top == fashion.Data.Labels.Span[image] ? 1 : 0;
        }

        Assert.Equal(2000, fashion.Data.Count);
        Assert.InRange(right, 1800, 2000);
        Assert.Equal((2000, 2000, 0), Counted(session));
    }

    [Fact]
    public void Embeddings_keep_three_significant_digits()
    {
        using TestSession session = TestSession.OfFile(Fashion.Model, "embedding", OutputKind.Embedding);
        float[] clean = fashion.Clean("embedding", batch: 64);

        float[] released = fashion.Released(session, Features, batch: 64);

        int width = clean.Length / 64;
        for (int row = 0; row < clean.Length; row += width)
        {
            // One grid for the vector: three digits of a component of its root mean square.
            double size = Math.Sqrt(clean.AsSpan(row, width).ToArray().Average(value => (double)value * value));
            double step = Math.Pow(10, Math.Floor(Math.Log10(size)) - 2);
            for (int i = row; i < row + width; i++)
            {
                Assert.True(Math.Abs(released[i] - clean[i]) <= 0.5001 * step, $"{clean[i]:R} became {released[i]:R}.");
                Assert.Equal(Math.Round(released[i] / step), released[i] / step, 1e-3);
            }
        }

        int untouched = clean.Where((value, i) => value != 0 && value == released[i]).Count();
        Assert.InRange(untouched, 0, clean.Count(value => value != 0) / 1000);
    }

    [Theory]
    [InlineData("probabilities", OutputKind.Probabilities)]
    [InlineData("embedding", OutputKind.Embedding)]
    public void A_row_has_one_answer_in_whatever_batch_and_however_often_it_comes(string output, OutputKind kind)
    {
        int width = kind == OutputKind.Embedding ? Features : Classes;
        using TestSession session = TestSession.OfFile(Fashion.Model, output, kind);
        float[] cleanAlone = fashion.Clean(output, batch: 1);
        float[] alone = fashion.Released(session, width, batch: 1);
        Assertions.SameBits(alone, fashion.Released(session, width, batch: 1));
        foreach (int batch in (int[])[7, 64])
        {
            float[] clean = fashion.Clean(output, batch);
            float[] released = fashion.Released(session, width, batch);
            Assertions.SameBits(released, fashion.Released(session, width, batch));
            int compared = 0;
            for (int at = 0; at < clean.Length; at += width)
            {
                // The shield answers for itself, not for a processor on which the model's own products depend on the batch.
                if (Assertions.AreSameBits(cleanAlone.AsSpan(at, width), clean.AsSpan(at, width)))
                {
                    Assertions.SameBits(alone.AsSpan(at, width), released.AsSpan(at, width));
                    compared++;
                }
            }

            Assert.InRange(compared, 1000, 2000);
        }
    }

    [Fact]
    public void Sessions_with_one_secret_give_one_answer_and_with_another_secret_another()
    {
        HardeningOptions noisy = new() { KeyedNoiseBudget = 0.4, Decimals = 4 };
        float[][] answers = [.. new[] { 1, 1, 2 }.Select(secret =>
        {
            using TestSession session = TestSession.OfFile(Fashion.Model, "probabilities", OutputKind.Probabilities, noisy, secret);
            return fashion.Released(session, Classes, batch: 64);
        })];

        Assertions.SameBits(answers[0], answers[1]);
        Assert.False(Assertions.AreSameBits(answers[0], answers[2]));
    }

    [Fact]
    public void Batches_of_any_rows_under_any_hardening_are_answered_row_by_row()
    {
        Gen<(float[] Rows, HardeningOptions Hardening)> cases =
            from rows in Gen.Choose(1, 40)
            from input in Gen.Choose(-32, 32).ArrayOf(rows * 8)
            from decimals in Gen.Choose(1, 5)
            from topK in Gen.Elements<int?>(null, 1, 3, 10)
            from budget in Gen.Elements(0.0, 0.2, 1.5)
            from temperature in Gen.Elements(1.0, 0.3, 4.0)
            select (input.Select(value => value / 4f).ToArray(),
                new HardeningOptions { Decimals = decimals, TopK = topK, KeyedNoiseBudget = budget, Temperature = temperature });
        using TestSession bare = TestSession.Of(TestModels.Linear(), OutputKind.Logits, configure: options => options.Mode = ShieldMode.ObserveOnly);
        Properties.Hold(cases, test =>
        {
            using TestSession session = TestSession.Of(TestModels.Linear(), OutputKind.Logits, hardening: test.Hardening);
            int rows = test.Rows.Length / 8;
            float[] clean = bare.Ask(test.Rows, rows * Classes);
            float[] released = session.Ask(test.Rows, rows * Classes);
            Assertions.SameBits(released, session.Ask(test.Rows, rows * Classes));
            for (int row = 0; row < rows; row++)
            {
                Span<float> answer = released.AsSpan(row * Classes, Classes);
                Assertions.SameBits(session.Ask(test.Rows.AsSpan(row * 8, 8), Classes), answer);
                Assertions.IsReleased(
                    answer, Assertions.FirstOfLargest(clean.AsSpan(row * Classes, Classes)), (int)Math.Pow(10, test.Hardening.Decimals));
            }
        }, tests: 60);
    }

    private static (long Admitted, long Hardened, long TopChanged) Counted(TestSession session)
    {
        ShieldStatistics statistics = session.Shield.GetStatistics();
        return (statistics.Admitted, statistics.Hardened, statistics.TopChanged);
    }
}
