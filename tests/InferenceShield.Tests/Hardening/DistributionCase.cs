using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>An awkward distribution and a budget, named by what it takes to make them again.</summary>
internal sealed record DistributionCase(DistributionShape Shape, int Classes, double Budget, int Seed)
{
    public static Gen<double> Budgets { get; } = Gen.Frequency(
        (6, Gen.Elements(0.05, 0.1, 0.2, 0.5, 1, 1.5, 2)),
        (2, Gen.Choose(0, 20_000).Select(value => value / 10_000.0)),
        (2, Gen.Elements(0, 1e-300, 1e-12, 1e-7, 5e-5, 1e-4, 2e-4, 1e-3)));

    public static Gen<DistributionCase> Of(params int[] classes) =>
        from shape in Gen.Elements(Enum.GetValues<DistributionShape>())
        from count in Gen.Elements(classes)
        from budget in Budgets
        from seed in Gen.Choose(0, int.MaxValue)
        select new DistributionCase(shape, count, budget, seed);

    public double[] Probabilities()
    {
        Random random = new(Seed);
        double spread = ((double[])[0.01, 0.3, 1, 3, 6, 20])[random.Next(6)];
        double[] weights = new double[Classes];
        for (int i = 0; i < Classes; i++)
        {
            double gaussian = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            weights[i] = Math.Exp(spread * gaussian);
        }

        double largest = weights.Max();
        int chosen = random.Next(Classes);
        switch (Shape)
        {
            case DistributionShape.Uniform:
                Array.Fill(weights, 1);
                break;
            case DistributionShape.OneHot:
                Array.Clear(weights);
                weights[chosen] = 1;
                break;
            case DistributionShape.AlmostOneHot:
                Array.Fill(weights, 1e-12);
                weights[chosen] = 1;
                break;
            case DistributionShape.TiedTop:
                for (int i = random.Next(1, 5); i > 0; i--)
                {
                    weights[random.Next(Classes)] = largest;
                }

                break;
            case DistributionShape.NearTie:
                weights[chosen] = Math.BitIncrement(largest);
                break;
            case DistributionShape.TopWithinMargin:
                weights[chosen] = largest + (weights.Sum() * random.NextDouble() * 2e-4);
                break;
            case DistributionShape.Zeros:
                Change((weight, i) => i != chosen && random.Next(3) > 0 ? 0 : weight);
                break;
            case DistributionShape.Denormal:
                Change((weight, i) => i == chosen ? largest : random.Next(4) switch
                {
                    0 => double.Epsilon,
                    1 => 1e-45,
                    2 => 1e-310,
                    _ => weight,
                });
                break;
            case DistributionShape.Grid:
                Array.Clear(weights);
                for (int i = 0; i < 20; i++)
                {
                    weights[random.Next(Classes)]++;
                }

                break;
            case DistributionShape.Halves:
                Change((_, i) => Math.Pow(2, -Math.Min(i, 1000)));
                break;
            case DistributionShape.Rising:
                Array.Sort(weights);
                break;
            case DistributionShape.Falling:
                Array.Sort(weights, (left, right) => right.CompareTo(left));
                break;
            case DistributionShape.TwoLevels:
                Change((_, i) => i % 2 == 0 ? 1 : 1 + 1e-3);
                weights[chosen] = 1 + (random.NextDouble() * Classes);
                break;
            case DistributionShape.Spread:
            default:
                break;
        }

        double sum = ExactSum(weights);
        Change((weight, _) => weight / sum);
        return weights;

        void Change(Func<double, int, double> change)
        {
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] = change(weights[i], i);
            }
        }
    }

    /// <summary>To the last bit or nearly so: Neumaier's sum.</summary>
    public static double ExactSum(IEnumerable<double> values)
    {
        double sum = 0;
        double lost = 0;
        foreach (double value in values)
        {
            double next = sum + value;
            lost += Math.Abs(sum) >= Math.Abs(value) ? sum - next + value : value - next + sum;
            sum = next;
        }

        return sum + lost;
    }
}
