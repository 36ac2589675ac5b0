using InferenceShield.Numerics;

namespace InferenceShield.Tests;

[Collection(ProcessWide.Name)]
public sealed class OutputKindAllocationTests
{
    [Fact]
    public void No_kind_of_output_allocates()
    {
        SipHashKey key = new(TestShield.Secret(5).AsSpan(0, 16));
        float[] clean = [.. Enumerable.Range(0, 384).Select(i => MathF.Sin(i))];
        float[] released = new float[384];
        Half[] half = new Half[384];
        ushort[] brain = new ushort[384];
        int[] tokens = new int[20];
        float[] logProbabilities = new float[20];
        ScorePlan scores = new(true, 2, 0.5f);
        EmbeddingPlan embedding = new(0.05, 3);
        TokenLogitsPlan logits = new(20, 2);
        using ShieldSecret secret = new(TestShield.Secret(1));
        EmbeddingTransform tenant = new(secret, "model", "tenant", 384);
        long least = Allocations.Least(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                ScoreHardening.TryHarden(scores, clean, released, out _);
                ReducedPrecision.ToHalf(released, half, 384);
                ReducedPrecision.ToBFloat16(released, brain, 384);
                RegressionHardening.TryHarden(0.1, key, clean, released, out _);
                RegressionHardening.TryHarden(0.1, key, 5, clean, released, out _);
                EmbeddingHardening.TryHarden(embedding, key, tenant, clean, released, out _);
                tenant.Invert(released, released);
                TokenLogitsHardening.TryHarden(logits, clean, released, out _, out _, out _);
                TokenLogitsHardening.TrySelect(logits, clean, tokens, logProbabilities, out _, out _);
                TokenLogitsGuard.Check(i > 25, false);
            }
        });
        Assert.Equal(0, least);
    }
}
