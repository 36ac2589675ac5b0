using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Rows that go through registers against the passes that take rows of any length: the same bits.</summary>
[Trait("Widths", "all")]
public sealed class FewClassesTests
{
    private static readonly Gen<(ScoreCase Scores, int Decimals)> s_cases =
        from scores in ScoreCase.Any
        from classes in Gen.Choose(1, 18)
        from decimals in Gen.Choose(1, 5)
        select (scores with { Classes = classes }, decimals);

    [Fact]
    public void The_answer_is_that_of_the_passes() =>
        Properties.Hold(s_cases, test => Check(test.Scores.Kind, test.Scores.Scores(), test.Decimals), tests: 5000);

    /// <summary>Half the rows a tenth of a step from a tie: what may not be left to chance.</summary>
    [Fact]
    public void Remainders_that_nearly_tie_are_told_apart_as_the_passes_do()
    {
        Random random = new(11);
        for (int round = 0; round < 20_000; round++)
        {
            int classes = random.Next(2, 17);
            int[] parts = [.. Enumerable.Range(0, classes).Select(_ => random.Next(0, 12))];
            parts[random.Next(classes)] += 20;
            float[] row = [.. parts.Select(part => (float)part / parts.Sum())];
            int changed = random.Next(classes);
            row[changed] = random.Next(4) switch { 0 => MathF.BitIncrement(row[changed]), 1 => MathF.BitDecrement(MathF.Max(1e-9f, row[changed])), _ => row[changed] };
            Check(OutputKind.Probabilities, row, decimals: random.Next(1, 4));
        }
    }

    [Fact]
    public void Faults_are_found_as_the_passes_find_them()
    {
        OutputPlan plan = new("scores", OutputKind.Logits, new HardeningOptions());
        for (int classes = 2; classes <= FewClasses.Most; classes++)
        {
            for (int place = 0; place < classes; place++)
            {
                foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
                {
                    float[] row = new float[classes];
                    row[place] = bad;
                    row[^1] = classes - 1 == place ? bad : float.NaN;
                    Assert.False(DistributionHardening.TryHarden(plan, HardeningStep.NoiseKey, row, row, out _, out _, out OutputFault fault));
                    Assert.Equal(place, fault.Index);
                    Assert.Equal(bad, row[place]);
                }
            }
        }

        OutputPlan probabilities = new("scores", OutputKind.Probabilities, new HardeningOptions());
        Assert.False(DistributionHardening.TryHarden(probabilities, HardeningStep.NoiseKey, [0.5f, 0.48f, 0], new float[3], out _, out _, out OutputFault sum));
        Assert.Equal(-1, sum.Index);
        Assert.False(DistributionHardening.TryHarden(probabilities, HardeningStep.NoiseKey, [0.5f, 0.505f, -0.005f], new float[3], out _, out _, out OutputFault negative));
        Assert.Equal(2, negative.Index);
    }

    [Fact]
    public void Most_rows_need_no_passes()
    {
        if (!FewClasses.IsSupported)
        {
            return;
        }

        Random random = new(12);
        int fast = 0;
        for (int round = 0; round < 1000; round++)
        {
            float[] row = [.. Enumerable.Range(0, random.Next(2, 17)).Select(_ => 8 * random.NextSingle())];
            fast += FewClasses.TryRelease(row, logits: true, 0, 100, 0.01, row, out _, out _) ? 1 : 0;
        }

        Assert.InRange(fast, 900, 1000);
    }

    private static void Check(OutputKind kind, float[] clean, int decimals)
    {
        OutputPlan plan = new("scores", kind, new HardeningOptions { Decimals = decimals });
        float[] expected = new float[clean.Length];
        double[] distribution = new double[clean.Length];
        Assert.True(DistributionHardening.TryNormalize(plan, clean, distribution, out int expectedTop, out double expectedConfidence, out _));
        GridRounding.Apply(distribution, expectedTop, plan.GridUnits, new double[clean.Length], new int[Math.Min(clean.Length, plan.GridUnits)]);
        GridSplit.Release(distribution, plan.GridStep, expected);

        float[] found = [.. clean, 7];
        Assert.True(DistributionHardening.TryHarden(
            plan, HardeningStep.NoiseKey, found.AsSpan(0, clean.Length), found.AsSpan(0, clean.Length), out int top, out float confidence, out _));
        Assertions.SameBits(expected, found.AsSpan(0, clean.Length));
        Assert.Equal(expectedTop, top);
        Assertions.SameBits([(float)expectedConfidence], [confidence]);
        Assert.Equal(7, found[^1]);
        if (clean.Length > 1 && FewClasses.IsSupported && clean.Length <= FewClasses.Most
            && FewClasses.TryLeadTwo(clean, kind == OutputKind.Logits, DistributionHardening.SumTolerance, out top, out int second, out double leading, out double next))
        {
            Assert.Equal((expectedTop, LeadingClass.FindSecond(clean, expectedTop)), (top, second));
            Assert.True(CleanAnswers.TryNormalize(kind, clean, distribution));
            Assert.Equal((distribution[top], distribution[second]), (leading, next));
        }
    }
}
