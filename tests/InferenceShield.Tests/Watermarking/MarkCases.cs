using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Lab;

namespace InferenceShield.Tests.Watermarking;

/// <summary>Rows, releases and keys to try marks on.</summary>
internal static class MarkCases
{
    /// <summary>Awkward rows of 2 to 257 classes: many ties and near ties.</summary>
    public static Gen<ScoreCase> Scores { get; } =
        from scores in ScoreCase.Any
        from shape in Gen.Frequency((2, Gen.Constant(scores.Shape)), (1, Gen.Elements(ScoreShape.TiedTop, ScoreShape.NearTie)))
        from classes in Gen.Frequency((1, Gen.Elements(2, 3, 16, 17, 257)), (2, Gen.Choose(2, 30)))
        select scores with { Shape = shape, Classes = classes };

    /// <summary>Every release there is without a file.</summary>
    public static Gen<HardeningOptions> Releases { get; } = HardeningCases.Any.Or(Gen.Elements<Func<HardeningOptions>>(
        () => new HardeningOptions { Release = Release.Bands },
        () => new HardeningOptions { Release = Release.Bands, BandEdges = [.6, .9], Temperature = 1.7 },
        () => new HardeningOptions { Release = Release.LabelOnly },
        () => new HardeningOptions { ReverseSigmoid = new ReverseSigmoidOptions { Beta = .5 } },
        () => new HardeningOptions { AdaptiveMisinformation = new AdaptiveMisinformationOptions { Tau = .6, Nu = 50 } },
        () => new HardeningOptions { ConfidenceCap = .7 },
        () => new HardeningOptions { ConfidenceCutoff = .2 },
        () => new HardeningOptions { ProbabilityDigits = 2 },
        () => new HardeningOptions { TopK = 2 },
        () => new HardeningOptions { TopK = 2, KeyedNoiseBudget = .5 },
        () => new HardeningOptions { TopK = 3, TopKRemainder = TopKRemainder.Shared }).Select(make => make()));

    /// <summary>The key that a test shield marks with.</summary>
    public static MarkKey Key(int secret = 1, string model = "model")
    {
        using ShieldSecret of = ShieldSecrets.FromBytes(TestShield.Secret(secret)).GetSecret();
        return MarkKey.Of(of, model);
    }

    /// <summary>A classifier's logits, one row in so many a near tie.</summary>
    public static float[] Logits(ref SeededRandom random, int classes, int nearTieOneIn = 4)
    {
        float[] row = new float[classes];
        for (int i = 0; i < classes; i++)
        {
            row[i] = 3 * random.NextSigned();
        }

        int top = random.NextInt32(classes);
        row[top] = 3 + (8 * Math.Abs(random.NextSigned()));
        if (random.NextInt32(nearTieOneIn) == 0)
        {
            row[(top + 1 + random.NextInt32(classes - 1)) % classes] = row[top] - (.6f * random.NextSigned());
        }

        return row;
    }

    /// <summary>The row in which two classes have changed places, the second of which leads.</summary>
    public static float[] Swapped(float[] row, int top, int label)
    {
        float[] swapped = [.. row];
        (swapped[top], swapped[label]) = (row[label], row[top]);
        if (top < label && row[top] == row[label])
        {
            (swapped[top], swapped[label]) = row[top] < float.MaxValue ? (row[top], MathF.BitIncrement(row[top])) : (MathF.BitDecrement(row[top]), row[top]);
        }

        return swapped;
    }

    public static void AssertLeads(float[] released, int label)
    {
        Assert.Equal(1, released.Sum(value => (double)value), 1e-6);
        for (int i = 0; i < released.Length; i++)
        {
            Assert.True(i == label || released[i] < released[label], $"class {i} has {released[i]:R}, the label {label} {released[label]:R}");
        }
    }

    /// <summary>Chi-square with one degree of freedom for a share of a half; above 15.1 once in 10,000 times.</summary>
    public static double ChiSquare(int ones, int all) => Math.Pow((2.0 * ones) - all, 2) / all;
}
