using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class CosineMarkTests
{
    private static readonly InputSpace s_space = InputRows.Space(rows: 8_000);

    [Fact]
    public void The_formula_is_the_papers() => Properties.Hold(
        from one in DistributionCase.Of(2, 3, 10, 100)
        from strength in Gen.Elements(0.005, 0.02, 0.05, 0.2)
        from angle in Gen.Choose(-1000, 1000).Select(number => number / 100.0)
        select (one, strength, angle),
        given =>
        {
            double[] clean = given.one.Probabilities();
            int keyClass = given.one.Seed % clean.Length;
            double[] marked = [.. clean];
            CosineMark.Move(marked, keyClass, given.strength, given.angle);
            for (int i = 0; i < clean.Length; i++)
            {
                double expected = i == keyClass
                    ? (clean[i] + (given.strength * (1 + Math.Cos(given.angle)))) / (1 + (2 * given.strength))
                    : (clean[i] + (given.strength * (1 + Math.Cos(given.angle + Math.PI)) / (clean.Length - 1))) / (1 + (2 * given.strength));
                Assert.Equal(expected, marked[i], 1e-12);
                Assert.True(marked[i] >= 0);
            }

            Assert.Equal(clean.Sum(), marked.Sum(), 1e-9);
        });

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 5)]
    [InlineData(3, 2)]
    public void Released_answers_keep_their_leader_and_sum_to_1(int topK, int decimals) => Properties.Hold(
        from one in DistributionCase.Of(2, 3, 10, 100)
        from strength in Gen.Elements(0.005, 0.02, 0.05, 0.2)
        from projection in Gen.Choose(-400, 400).Select(number => number / 100.0)
        select (one, strength, projection),
        given =>
        {
            using MarkKey key = InputRows.Key(given.one.Seed % 7);
            float[] clean = Array.ConvertAll(given.one.Probabilities(), value => (float)value);
            float[] released = new float[clean.Length];
            OutputPlan plan = new("scores", OutputKind.Probabilities, new HardeningOptions { Decimals = decimals, TopK = topK == 0 ? null : topK });
            CosineRelease cosine = new(new InputMarks(key, s_space, payload: true), new CosineMarkOptions { Strength = given.strength, Payload = true });
            Assert.True(DistributionHardening.TryHarden(
                plan, HardeningStep.NoiseKey, clean, released, out int top, out _, out _, default, new CosineStep(cosine, given.projection, -given.projection, 1)));
            Assert.Equal(Array.IndexOf(clean, clean.Max()), top);
            Assert.All(released, value => Assert.InRange(value, 0, 1));
            Assert.Equal(1, released.Sum(value => (double)value), 1e-6);
            Assert.All(Enumerable.Range(0, clean.Length).Where(i => i != top), i => Assert.True(released[i] < released[top]));
        });

    [Fact]
    public void An_answer_far_from_a_tie_is_marked_by_the_formula_alone()
    {
        using MarkKey key = InputRows.Key(1);
        InputMarks marks = new(key, s_space);
        double[] distribution = [0.7, 0.1, 0.1, 0.05, 0.05];
        double[] expected = [.. distribution];
        CosineMark.Move(expected, marks.Cosine!.KeyClass(5), 0.05, 2 * 0.7);
        new CosineRelease(marks, new CosineMarkOptions { Strength = 0.05 }).Apply(distribution, 0, 0.7, 0, 0, new double[5]);
        Assert.Equal(expected, distribution);
    }

    [Fact]
    public void A_payload_moves_by_half_the_strength_after_the_mark()
    {
        using MarkKey key = InputRows.Key(1);
        InputMarks marks = new(key, s_space, payload: true);
        double[] distribution = [0.7, 0.1, 0.1, 0.05, 0.05];
        double[] expected = [.. distribution];
        CosineMark.Move(expected, marks.Cosine!.KeyClass(5), 0.05, 2 * 0.7);
        CosineMark.Move(expected, marks.Payload!.KeyClass(5), 0.025, (2 * -0.4) + 1.1);
        new CosineRelease(marks, new CosineMarkOptions { Strength = 0.05, Payload = true }).Apply(distribution, 0, 0.7, -0.4, 1.1, new double[5]);
        Assert.All(expected.Zip(distribution), pair => Assert.Equal(pair.First, pair.Second, 1e-15));
    }

    [Fact]
    public void Projections_of_benign_rows_have_a_standard_deviation_of_1_whatever_the_key()
    {
        float[] rows = InputRows.Normal(2_000, InputRows.Falling(60), 9);
        for (int number = 0; number < 10; number++)
        {
            using MarkKey key = InputRows.Key(number);
            CosineMark mark = new(key, s_space);
            CosineMark payload = CosineMark.Payload(key, s_space);
            double[] along = [.. Enumerable.Range(0, 2_000).Select(row => mark.Project(rows.AsSpan(row * 60, 60)))];
            double[] across = [.. Enumerable.Range(0, 2_000).Select(row => payload.Project(rows.AsSpan(row * 60, 60)))];
            Assert.Equal(0, along.Average(), 0.1);
            Assert.Equal(1, along.Select(value => value * value).Average(), 0.2);
            Assert.Equal(1, across.Select(value => value * value).Average(), 0.2);
            Assert.Equal(0, along.Zip(across, (left, right) => left * right).Average(), 0.1);
        }
    }

    [Fact]
    public void Keys_have_vectors_and_classes_of_their_own()
    {
        float[] row = InputRows.Normal(1, InputRows.Falling(60), 5);
        double[] projections = new double[200];
        int[] classes = new int[10];
        for (int number = 0; number < projections.Length; number++)
        {
            using MarkKey key = InputRows.Key(number);
            using MarkKey again = InputRows.Key(number);
            CosineMark mark = new(key, s_space);
            projections[number] = mark.Project(row);
            Assert.Equal(projections[number], new CosineMark(again, s_space).Project(row));
            classes[mark.KeyClass(10)]++;
        }

        Assert.Equal(projections.Length, projections.Distinct().Count());
        Assert.All(classes, count => Assert.InRange(count, 5, 40));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_row_that_is_not_finite_lies_at_0(float value)
    {
        using MarkKey key = InputRows.Key(1);
        float[] row = new float[60];
        row[7] = value;
        (double projection, int trap) = new InputMarks(key, s_space).Read(row);
        Assert.Equal(0, projection);
        Assert.True(trap == 0 || !float.IsNaN(value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(61)]
    [InlineData(784)]
    public void Inner_products_have_the_bits_of_their_portable_twin(int length)
    {
        float[] row = InputRows.Normal(1, InputRows.Falling(length), 1);
        float[] others = InputRows.Normal(9, InputRows.Falling(length), 2);
        float[] dots = new float[9];
        float[] twins = new float[9];
        RowDots.Fill(row, others, dots);
        RowDots.FillScalar(row, others, twins);
        Assertions.SameBits(twins, dots);
        for (int i = 0; i < dots.Length; i++)
        {
            double exact = Enumerable.Range(0, length).Sum(j => (double)row[j] * others[(i * length) + j]);
            Assert.Equal(1, dots[i] / exact, 1e-5);
        }

        double distance = Enumerable.Range(0, length).Sum(j => Math.Pow((row[j] - others[j]) * others[j], 2));
        Assert.Equal(1, WhitenedNorm.SquareDiagonal(row, others.AsSpan(0, length), others.AsSpan(0, length)) / distance, 1e-5);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(10_000)]
    public void Reading_a_row_allocates_nothing(int length)
    {
        float[] rows = new float[100 * length];
        InputRows.Normal(100, [.. Enumerable.Repeat(1.0, 60)], 3).CopyTo(rows, 0);
        using MarkKey key = InputRows.Key(1);
        InputMarks marks = new(key, InputSpace.Learn(rows, length), payload: true);
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                marks.Read(rows.AsSpan(i * length, length), default);
            }
        }));
    }
}
