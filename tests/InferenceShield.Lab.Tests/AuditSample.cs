namespace InferenceShield.Lab.Tests;

/// <summary>A small audit: two clouds of points in a plane, told apart by a line.</summary>
internal static class AuditSample
{
    public static readonly ExtractionSetup Setup = new("clouds", new LineClassifier(), Points(1, 400), Points(2, 200));

    public static AuditPlan Plan(int seeds = 2, params int[] budgets) => new(
        [Setup],
        [ReleasePolicy.None, PolicyCatalog.Create("top-1", new PolicyContext(2))],
        [AttackCatalog.Create("naive", Surrogate), AttackCatalog.Create("top-1", Surrogate)],
        budgets.Length == 0 ? [20, 80] : [.. budgets],
        [.. Enumerable.Range(1, seeds).Select(seed => (ulong)seed)]);

    private static SurrogateOptions Surrogate => new() { Kind = SurrogateKind.Linear, Steps = 40 };

    private static Dataset Points(ulong seed, int count)
    {
        SeededRandom random = new(seed, stream: 9);
        float[] values = new float[2 * count];
        int[] labels = new int[count];
        for (int row = 0; row < count; row++)
        {
            values[2 * row] = random.NextSigned();
            values[(2 * row) + 1] = random.NextSigned();
            labels[row] = values[2 * row] + (2 * values[(2 * row) + 1]) > 0.2f ? 1 : 0;
        }

        return new Dataset("points", values, 2, labels, 2);
    }

    private sealed class LineClassifier : IClassifier
    {
        public int InputLength => 2;

        public int ClassCount => 2;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            for (int row = 0; row < inputs.Length / 2; row++)
            {
                float one = 1 / (1 + MathF.Exp(-4 * (inputs[2 * row] + (2 * inputs[(2 * row) + 1]) - 0.2f)));
                (probabilities[2 * row], probabilities[(2 * row) + 1]) = (1 - one, one);
            }
        }
    }
}
