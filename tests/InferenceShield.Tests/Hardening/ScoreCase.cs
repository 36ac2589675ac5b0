using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>A row of scores made to be awkward, named by what it takes to make it again.</summary>
internal sealed record ScoreCase(OutputKind Kind, ScoreShape Shape, int Classes, int Seed)
{
    public static Gen<ScoreCase> Any { get; } = Of(OutputKind.Logits).Or(Of(OutputKind.Probabilities));

    public static Gen<ScoreCase> Of(OutputKind kind) =>
        from shape in Gen.Elements(Enum.GetValues<ScoreShape>())
        from classes in Gen.Frequency(
            (2, Gen.Elements(1, 2, 3)), (4, Gen.Choose(4, 12)), (2, Gen.Choose(90, 257)), (1, Gen.Elements(1000, 6625)))
        from seed in Gen.Choose(0, int.MaxValue)
        select new ScoreCase(kind, shape, classes, seed);

    public float[] Scores()
    {
        Random random = new(Seed);
        float[] logits = MakeLogits(random);
        return Kind == OutputKind.Logits ? logits : MakeProbabilities(logits, random);
    }

    private float[] MakeLogits(Random random)
    {
        double spread = Math.Pow(10, (random.NextDouble() * 4) - 2);
        float[] logits = new float[Classes];
        for (int i = 0; i < logits.Length; i++)
        {
            logits[i] = (float)(spread * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        switch (Shape)
        {
            case ScoreShape.Equal:
                Array.Fill(logits, logits[0]);
                break;
            case ScoreShape.TiedTop:
            case ScoreShape.NearTie:
                float largest = logits.Max();
                for (int ties = random.Next(1, 5); ties > 0; ties--)
                {
                    logits[random.Next(Classes)] = largest;
                }

                if (Shape == ScoreShape.NearTie)
                {
                    logits[random.Next(Classes)] = MathF.BitIncrement(largest);
                }

                break;
            case ScoreShape.OneHot:
                Array.Fill(logits, -1e4f);
                logits[random.Next(Classes)] = 1e4f;
                break;
            case ScoreShape.Tiny:
                Array.ForEach(Enumerable.Range(0, Classes).ToArray(), i => logits[i] = random.Next(-3, 4) * float.Epsilon);
                break;
            case ScoreShape.Huge:
                Array.ForEach(Enumerable.Range(0, Classes).ToArray(), i => logits[i] = random.Next(3) switch
                {
                    0 => float.MaxValue,
                    1 => float.MinValue,
                    _ => (float)((random.NextDouble() - 0.5) * 6e38),
                });
                break;
            case ScoreShape.Sparse:
                Array.ForEach(Enumerable.Range(0, Classes).ToArray(), i => logits[i] = random.Next(10) == 0 ? logits[i] : -0f);
                break;
            case ScoreShape.Shifted:
                float shift = (float)((random.NextDouble() - 0.5) * 2e6);
                Array.ForEach(Enumerable.Range(0, Classes).ToArray(), i => logits[i] += shift);
                break;
            case ScoreShape.Grid:
                Array.ForEach(Enumerable.Range(0, Classes).ToArray(), i => logits[i] = MathF.Round(logits[i]));
                break;
        }

        return logits;
    }

    private float[] MakeProbabilities(float[] logits, Random random)
    {
        double largest = logits.Max();
        double[] exact = [.. logits.Select(logit => Math.Exp(logit - largest))];
        if (Shape == ScoreShape.Sparse)
        {
            exact = [.. exact.Select((value, i) => i > 0 && random.Next(10) > 0 ? 0 : value + 1e-3)];
        }
        else if (Shape == ScoreShape.Grid)
        {
            // Whole twentieths: on the borders of noise cells and of coarse grids.
            exact = new double[Classes];
            for (int i = 0; i < 20; i++)
            {
                exact[random.Next(Classes)]++;
            }
        }

        double sum = exact.Sum();
        float[] probabilities = [.. exact.Select(value => (float)(value / sum))];
        for (int i = 0; i < Classes; i++)
        {
            probabilities[i] = Shape switch
            {
                ScoreShape.Tiny when probabilities[i] < 0.1f => random.Next(3) * float.Epsilon,
                ScoreShape.Shifted => probabilities[i] * (Seed % 2 == 0 ? 0.991f : 1.009f), // a sum half precision might give
                ScoreShape.Huge when probabilities[i] == 0 => -MathF.Min(9e-4f, 5e-3f / Classes), // what is meant to be 0 and is not quite
                _ => probabilities[i],
            };
        }

        if (Shape == ScoreShape.Tiny)
        {
            // The tiny ones took mass away: the first of the largest gets it.
            probabilities[Assertions.FirstOfLargest(probabilities)] += 1 - probabilities.Sum();
        }

        return probabilities;
    }
}
