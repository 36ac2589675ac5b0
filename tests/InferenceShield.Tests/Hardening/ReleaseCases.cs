using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>Awkward answers, and bands of every kind to release them by.</summary>
internal static class ReleaseCases
{
    public static Gen<ScoreCase> Scores { get; } =
        from scores in ScoreCase.Any
        from classes in Gen.Elements(0, 0, 1, 2, 3, 10, 26, 257, 6625)
        select classes == 0 ? scores : scores with { Classes = classes };

    public static Gen<int> Counts { get; } = Gen.Choose(0, 12);

    /// <summary>Random edges that leave every band a number: from coarse to neighbours on the grid.</summary>
    public static ConfidenceBands MakeBands(int classes, int edges, bool runnerUp, int seed)
    {
        Random random = new(seed);
        int least = (ReleaseGrid.Units / classes) + 4;
        SortedSet<int> steps = [];
        for (int i = 0; i < edges && least < ReleaseGrid.Units; i++)
        {
            int edge = random.Next(3) switch
            {
                0 => random.Next(least, ReleaseGrid.Units),
                1 => Math.Max(least, ReleaseGrid.Units - random.Next(1, 100)),
                _ => Math.Min(ReleaseGrid.Units - 1, least + random.Next(100)),
            };
            if (!steps.Contains(edge) && !steps.Contains(edge - 1) && !steps.Contains(edge + 1))
            {
                steps.Add(edge);
            }
        }

        double[] values = [.. steps.Select(ReleaseGrid.ToDouble)];
        return seed % 2 == 0
            ? ConfidenceBands.FromEdges(classes, values, runnerUp)
            : ConfidenceBands.Learn(Answers(classes, 5 * Math.Max(8, values.Length + 1), seed), classes, OutputKind.Logits, 8, values, runnerUp);
    }

    /// <summary>Logits of a model that is mostly sure.</summary>
    public static float[] Answers(int classes, int rows, int seed)
    {
        Random random = new(seed);
        float[] answers = new float[classes * rows];
        for (int row = 0; row < rows; row++)
        {
            int label = random.Next(classes);
            for (int i = 0; i < classes; i++)
            {
                answers[(row * classes) + i] = (float)(random.NextDouble() * 4);
            }

            answers[(row * classes) + label] += (float)(random.NextDouble() * 12);
        }

        return answers;
    }

    /// <summary>The confidence that the shield sees, by the plain formula.</summary>
    public static float Confidence(float[] clean, OutputKind kind)
    {
        CleanAnswers.RequireLengths(clean, clean, clean.Length);
        Span<double> distribution = CleanAnswers.Normalize(clean, kind, 0, out int top);
        return (float)distribution[top];
    }

    public static int RunnerUp(float[] values, int top)
    {
        int second = -1;
        for (int i = 0; i < values.Length; i++)
        {
            second = i != top && (second < 0 || values[i] > values[second]) ? i : second;
        }

        return second;
    }

    /// <summary>What every released distribution is.</summary>
    public static void AssertDistribution(float[] clean, float[] released)
    {
        int top = Assertions.FirstOfLargest(clean);
        double sum = 0;
        long steps = 0;
        for (int i = 0; i < released.Length; i++)
        {
            Assert.True(float.IsFinite(released[i]) && released[i] >= 0 && !float.IsNegative(released[i]), $"class {i} is {released[i]}");
            Assert.True(i == top || released[i] < released[top], $"class {i} has {released[i]:R}, leader {top} has {released[top]:R}");
            int step = ReleaseGrid.Round(released[i]);
            Assert.Equal(ReleaseGrid.ToFloat(step), released[i]);
            sum += released[i];
            steps += step;
        }

        Assert.InRange(sum, 1 - 1e-6, 1 + 1e-6);
        Assert.Equal(ReleaseGrid.Units, steps);
    }
}
