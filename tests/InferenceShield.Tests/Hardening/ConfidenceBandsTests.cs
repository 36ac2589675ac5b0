using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class ConfidenceBandsTests
{
    private static readonly Gen<Case> s_cases =
        from scores in ReleaseCases.Scores
        from edges in ReleaseCases.Counts
        from runnerUp in Gen.Elements(true, false)
        from seed in Gen.Choose(0, 1_000_000)
        select new Case(scores, edges, runnerUp, seed);

    [Fact]
    public void The_released_row_is_a_distribution_with_the_clean_leader_in_front_and_its_runner_up_behind()
    {
        Properties.Hold(s_cases, test =>
        {
            (ConfidenceBands bands, float[] clean, float[] released) = test.Release();
            ReleaseCases.AssertDistribution(clean, released);
            int top = Assertions.FirstOfLargest(clean);
            if (bands.NamesRunnerUp && clean.Length > 1 && released[top] < 1)
            {
                int second = ReleaseCases.RunnerUp(clean, top); // by score, even where probabilities vanish
                Assert.All(Enumerable.Range(0, clean.Length), i => Assert.True(i == top || i == second || released[i] < released[second]));
                Assert.True(released[second] <= released[top] - 0.9e-5f);
            }
            else
            {
                Assert.InRange(released.Where((_, i) => i != top).Distinct().Count(), 0, 2);
            }
        }, tests: 1000);
    }

    [Fact]
    public void No_answer_crosses_an_edge_however_it_is_compared()
    {
        Properties.Hold(s_cases, test =>
        {
            (ConfidenceBands bands, float[] clean, float[] released) = test.Release();
            AssertSameBand(bands, ReleaseCases.Confidence(clean, test.Scores.Kind), released.Max());
        }, tests: 1000);
    }

    [Fact]
    public void No_answer_next_to_an_edge_crosses_it()
    {
        ConfidenceBands bands = ConfidenceBands.FromEdges(2, [0.50002, 0.6, 0.9, 0.95, 0.99, 0.99999]);
        foreach (float edge in bands.Edges.Select(edge => (float)edge))
        {
            foreach (float confidence in (float[])[MathF.BitDecrement(edge), edge, MathF.BitIncrement(edge)])
            {
                float[] released = new float[2];
                bands.Release([1 - confidence, confidence], OutputKind.Probabilities, released);
                AssertSameBand(bands, confidence, released[1]);
            }
        }
    }

    [Fact]
    public void Releasing_what_was_released_changes_nothing_and_repeats_are_the_same()
    {
        Properties.Hold(s_cases, test =>
        {
            (ConfidenceBands bands, float[] clean, float[] released) = test.Release();
            float[] again = [.. clean];
            bands.Release(again, test.Scores.Kind, again);
            Assertions.SameBits(released, again);
            bands.Release(released, OutputKind.Probabilities, again);
            Assertions.SameBits(released, again);
        }, tests: 500);
    }

    [Fact]
    public void There_are_no_more_answers_than_bands_and_pairs_of_labels()
    {
        const int Classes = 3;
        ConfidenceBands bands = ConfidenceBands.FromEdges(Classes, [0.5, 0.9, 0.99]);
        HashSet<(float, float, float)> answers = [];
        float[] logits = ReleaseCases.Answers(Classes, 20_000, seed: 5);
        float[] released = new float[Classes];
        for (int row = 0; row < 20_000; row++)
        {
            bands.Release(logits.AsSpan(row * Classes, Classes), OutputKind.Logits, released);
            answers.Add((released[0], released[1], released[2]));
        }

        Assert.Equal(4 * Classes * (Classes - 1), answers.Count);
    }

    [Theory]
    [InlineData(true, new[] { 0.1f, 0.05f, 0.6f, 0.2f, 0.05f }, new[] { 0.0375f, 0.0375f, 0.7f, 0.1875f, 0.0375f })]
    [InlineData(true, new[] { 0.1f, 0.1f, 0.6f, 0.1f, 0.1f }, new[] { 0.1875f, 0.0375f, 0.7f, 0.0375f, 0.0375f })]
    [InlineData(false, new[] { 0.1f, 0.1f, 0.6f, 0.1f, 0.1f }, new[] { 0.075f, 0.075f, 0.7f, 0.075f, 0.075f })]
    [InlineData(true, new[] { 0.2f, 0.2f, 0.2f, 0.2f, 0.2f }, new[] { 0.35f, 0.34999f, 0.10001f, 0.1f, 0.1f })]
    [InlineData(true, new[] { 0f, 0, 0, 0, 1 }, new[] { 0.03125f, 0.00625f, 0.00625f, 0.00625f, 0.95f })]
    public void Releases_label_band_and_runner_up(bool runnerUp, float[] clean, float[] expected)
    {
        float[] released = new float[5];
        ConfidenceBands.FromEdges(5, [0.5, 0.9], runnerUp).Release(clean, OutputKind.Probabilities, released);
        Assert.Equal(expected, released);
    }

    [Fact]
    public void One_class_is_released_as_1()
    {
        float[] released = new float[1];
        ConfidenceBands.FromEdges(1, [0.5, 0.9]).Release([1], OutputKind.Probabilities, released);
        Assert.Equal([1f], released);
    }

    [Fact]
    public void Edges_that_cannot_be_kept_are_refused()
    {
        Refuse("ascending", 10, 0.9, 0.5);
        Refuse("ascending", 10, 0.9, 0.9);
        foreach (double edge in (double[])[0, 1, -0.1, 1.1, double.NaN, double.PositiveInfinity, 1.0 / 3])
        {
            Refuse("between 0 and 1", 10, edge);
        }

        Refuse("so near", 10, 0.9, 0.90001);
        Refuse("so near", 2, 0.50001);
        Refuse("too many", 10, [.. Enumerable.Range(1, 64).Select(i => (20 + i) / 100.0)]);
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceBands.FromEdges(0, []));
        Assert.Equal([0.6], ConfidenceBands.FromEdges(2, [0.2, 0.5, 0.6f]).Edges);

        static void Refuse(string part, int classes, params double[] edges) =>
            Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(() => ConfidenceBands.FromEdges(classes, edges)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_released_or_learned_is_refused()
    {
        ConfidenceBands bands = ConfidenceBands.FromEdges(3, [0.5]);
        float[] released = [7, 7, 7];
        Assert.Throws<InvalidModelOutputException>(() => bands.Release([1, float.NaN, 2], OutputKind.Logits, released));
        Assert.Throws<InvalidModelOutputException>(() => bands.Release([0.5f, 0.1f, 0.1f], OutputKind.Probabilities, released));
        Assert.Throws<ArgumentException>(() => bands.Release([1, 2], OutputKind.Logits, released));
        Assert.Throws<ArgumentOutOfRangeException>(() => bands.Release([1, 2, 3], OutputKind.Embedding, released));
        Assert.Equal([7f, 7, 7], released);
        Assert.Throws<ArgumentException>(() => ConfidenceBands.Learn([], 3, OutputKind.Logits));
        Assert.Throws<ArgumentException>(() => ConfidenceBands.Learn([1, 2], 3, OutputKind.Logits));
        InvalidModelOutputException fault = Assert.Throws<InvalidModelOutputException>(
            () => ConfidenceBands.Learn([1, 2, 3, 1, float.PositiveInfinity, 3, .. new float[9]], 3, OutputKind.Logits, bands: 1));
        Assert.Equal((1, 1), (fault.Row, fault.Class));
        float[] answers = ReleaseCases.Answers(3, 45, 1);
        ArgumentException few = Assert.Throws<ArgumentException>("answers", () => ConfidenceBands.Learn(answers.AsSpan(0, 39 * 3), 3, OutputKind.Logits));
        Assert.Contains("There are 39 answers to learn 8 bands from; 40 are needed, 5 for each", few.Message, StringComparison.Ordinal);
        few = Assert.Throws<ArgumentException>("answers", () => ConfidenceBands.Learn(answers.AsSpan(0, 14 * 3), 3, OutputKind.Logits, 1, [0.5, 0.9]));
        Assert.Contains("3 bands from; 15 are needed", few.Message, StringComparison.Ordinal);
        Assert.NotEmpty(ConfidenceBands.Learn(answers.AsSpan(0, 40 * 3), 3, OutputKind.Logits).Edges);
    }

    [Fact]
    public void The_runner_up_is_the_first_of_the_largest_others()
    {
        Properties.Hold(
            from classes in Gen.Choose(2, 70)
            from values in Gen.Choose(0, 5).ArrayOf(classes)
            select values,
            values =>
            {
                double[] distribution = Array.ConvertAll(values, value => (double)value);
                int top = Array.IndexOf(values, values.Max());
                Assert.Equal(ReleaseCases.RunnerUp(Array.ConvertAll(values, value => (float)value), top), BandHardening.FindRunnerUp(distribution, top));
            }, tests: 1000);
    }

    private static void AssertSameBand(ConfidenceBands bands, float clean, float released)
    {
        foreach (double edge in bands.Edges)
        {
            bool above = clean >= (float)edge;
            Assert.True(above == released > (float)edge && above == released >= (float)edge && above == released > edge && above == released >= edge,
                $"{clean:R} was released as {released:R} beside the edge {edge}");
        }
    }

    private sealed class Case(ScoreCase scores, int edges, bool runnerUp, int seed)
    {
        public ScoreCase Scores => scores;

        public (ConfidenceBands Bands, float[] Clean, float[] Released) Release()
        {
            ConfidenceBands bands = ReleaseCases.MakeBands(scores.Classes, edges, runnerUp, seed);
            float[] clean = scores.Scores();
            float[] released = new float[clean.Length];
            bands.Release(clean, scores.Kind, released);
            return (bands, clean, released);
        }

        public override string ToString() => $"{scores}; {edges} edges, runner-up {runnerUp}, seed {seed}";
    }
}
