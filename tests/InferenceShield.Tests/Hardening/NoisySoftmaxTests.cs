using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class NoisySoftmaxTests
{
    private static readonly float[] s_logits = [1, 3, -2, 0.5f];

    [Fact]
    public void The_answer_is_a_distribution_with_the_leader_in_front_and_the_bound_holds()
    {
        Gen<(int Classes, int Seed, double Scale, int Decimals, NoiseKind Kind)> cases =
            from classes in Gen.Elements(2, 3, 10, 31, 32, 33, 100, 1000, 1025, 6625)
            from seed in Gen.Choose(0, 100_000)
            from scale in Gen.Elements(0, 1e-5, 0.001, 0.02, 1)
            from decimals in Gen.Choose(1, 5)
            from kind in Gen.Elements(Enum.GetValues<NoiseKind>())
            select (classes, seed, scale, decimals, kind);
        Properties.Hold(cases, test =>
        {
            Random random = new(test.Seed);
            float[] logits = [.. Enumerable.Range(0, test.Classes).Select(_ => (float)((random.NextDouble() * 12) - 6))];
            int top = Assertions.FirstOfLargest(logits);
            float[] released = new float[test.Classes];
            double bound = HardeningSteps.NoisySoftmax(logits, released, test.Scale, test.Decimals, HardeningStep.NoiseKey, test.Kind);
            Assert.All(released, value => Assert.InRange(value, 0, 1));
            Assert.Equal(1, released.Sum(value => (double)value), 1e-6);
            Assert.True(released.Where((_, i) => i != top).Max() < released[top]);

            // Clean to noisy is within the bound, noisy to rounded half a step a class, and rounded to scaled as much again.
            double sum = logits.Sum(logit => Math.Exp(logit - logits[top]));
            double distance = logits.Zip(released, (logit, value) => Math.Abs((Math.Exp(logit - logits[top]) / sum) - value)).Sum();
            double rounding = (test.Classes + 2) * Math.Pow(10, -test.Decimals);
            Assert.True(distance <= bound + (2 * rounding) + 1e-5, $"{distance} from clean, {bound} promised before rounding.");

            float[] inPlace = [.. logits];
            HardeningSteps.NoisySoftmax(inPlace, inPlace, test.Scale, test.Decimals, HardeningStep.NoiseKey, test.Kind);
            Assertions.SameBits(released, inPlace);
        }, tests: 300);
    }

    [Fact]
    public void Without_noise_it_is_a_rounded_softmax()
    {
        float[] released = new float[4];
        Assert.InRange(HardeningSteps.NoisySoftmax(s_logits, released, 0, 2, HardeningStep.NoiseKey), 0, 1e-6);
        Assert.Equal([0.11f, 0.81f, 0.01f, 0.07f], released.Select(value => MathF.Round(value, 2)));
    }

    [Fact]
    public void Another_key_or_kind_is_other_noise()
    {
        HashSet<string> answers = [];
        foreach (NoiseKind kind in Enum.GetValues<NoiseKind>())
        {
            foreach (NoiseKey key in (NoiseKey[])[HardeningStep.NoiseKey, new NoiseKey(TestShield.Secret(6).AsSpan(0, NoiseKey.Size))])
            {
                float[] released = new float[4];
                HardeningSteps.NoisySoftmax(s_logits, released, 0.1, 5, key, kind);
                answers.Add(string.Join(' ', released));
            }
        }

        Assert.Equal(6, answers.Count);
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_a_faulty_row_releases_nothing()
    {
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => HardeningSteps.NoisySoftmax(s_logits, new float[4], -0.1, 2, HardeningStep.NoiseKey));
        Assert.Throws<ArgumentOutOfRangeException>("scale", () => HardeningSteps.NoisySoftmax(s_logits, new float[4], double.NaN, 2, HardeningStep.NoiseKey));
        Assert.Throws<ArgumentOutOfRangeException>("decimals", () => HardeningSteps.NoisySoftmax(s_logits, new float[4], 0.1, 6, HardeningStep.NoiseKey));
        Assert.Throws<ArgumentOutOfRangeException>("kind", () => HardeningSteps.NoisySoftmax(s_logits, new float[4], 0.1, 2, HardeningStep.NoiseKey, (NoiseKind)7));
        Assert.Throws<ArgumentException>("released", () => HardeningSteps.NoisySoftmax(s_logits, new float[3], 0.1, 2, HardeningStep.NoiseKey));
        Assert.Throws<ArgumentException>("row", () => HardeningSteps.NoisySoftmax([], [], 0.1, 2, HardeningStep.NoiseKey));
        Assert.Throws<ArgumentNullException>("key", () => HardeningSteps.NoisySoftmax(s_logits, new float[4], 0.1, 2, null!));
        float[] released = [7, 7, 7];
        Assert.Equal(1, Assert.Throws<InvalidModelOutputException>(() => HardeningSteps.NoisySoftmax([1, float.NaN, 2], released, 0.1, 2, HardeningStep.NoiseKey)).Class);
        Assert.All(released, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        float[] logits = new float[1000];
        float[] released = new float[1000];
        logits[3] = 4;
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                HardeningSteps.NoisySoftmax(logits, released, 0.001, 4, HardeningStep.NoiseKey, (NoiseKind)(i % 3));
            }
        }));
    }
}
