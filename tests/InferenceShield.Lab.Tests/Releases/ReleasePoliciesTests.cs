namespace InferenceShield.Lab.Tests;

public sealed class ReleasePoliciesTests
{
    private const int Classes = 6;

    private static readonly float[] s_clean = TestAnswers.Draw(2000, Classes, seed: 2);
    private static readonly float[] s_benign = TestAnswers.Draw(2000, Classes, seed: 3);

    private static readonly ReleasePolicy[] s_policies =
    [
        ReleasePolicies.Normal(Classes), ReleasePolicies.Guarded(Classes, s_benign), ReleasePolicies.Restricted(Classes),
        ReleasePolicies.LabelOnly(Classes), ReleasePolicies.Round(Classes, 3), ReleasePolicies.KeyedNoise(Classes, 0.5),
        ReleasePolicies.LeastInformation(Classes, 0.5), ReleasePolicies.LeastInformation(Classes, 0.5, null),
        ReleasePolicies.Codebook(Classes, s_benign), ReleasePolicies.Bands(Classes, s_benign, 1, namesRunnerUp: false),
    ];

    [Fact]
    public void All_keep_the_label_sum_to_1_and_repeat_themselves()
    {
        foreach (ReleasePolicy policy in s_policies)
        {
            float[] released = TestAnswers.Release(policy, s_clean, Classes);
            Assert.Equal(0, UtilityMetrics.Measure(s_clean, released, [], Classes).TopChanged, 0.002); // two clean leaders may be equal
            Assert.All(released.Chunk(Classes), answer => Assert.Equal(1f, answer.Sum(), 1e-4f));
            Assert.Equal(released, TestAnswers.Release(policy, s_clean, Classes));
        }

        Assert.Equal(s_policies.Length, s_policies.Select(policy => policy.Name).Distinct().Count());
    }

    [Fact]
    public void Each_tells_what_its_name_says()
    {
        float[][] Of(ReleasePolicy policy) => [.. TestAnswers.Release(policy, s_clean, Classes).Chunk(Classes)];
        Assert.All(Of(ReleasePolicies.Normal(Classes)).SelectMany(answer => answer), value => Assert.Equal(MathF.Round(value * 100), value * 100, 1e-3f));
        Assert.All(Of(ReleasePolicies.Restricted(Classes)), answer => Assert.Equal(1f, answer.Max()));
        Assert.InRange(Of(ReleasePolicies.Guarded(Classes, s_benign)).Select(Text).Distinct().Count(), 40, 12 * Classes * (Classes - 1));
        Assert.InRange(Of(ReleasePolicies.Bands(Classes, s_benign, 1, false)).Select(Text).Distinct().Count(), Classes + 1, 2 * Classes);
        UtilityMetrics noise = UtilityMetrics.Measure(s_clean, [.. Of(ReleasePolicies.KeyedNoise(Classes, 0.5)).SelectMany(answer => answer)], [], Classes);
        Assert.InRange(noise.MeanDistance, 0.25, 0.5);

        // Within the cap, or in a band: a codebook of few answers.
        Assert.InRange(Of(ReleasePolicies.Codebook(Classes, s_benign)).Select(Text).Distinct().Count(), 60, 400);
    }

    [Fact]
    public void Another_key_makes_other_noise_and_the_same_bands()
    {
        Assert.NotEqual(
            TestAnswers.Release(ReleasePolicies.KeyedNoise(Classes, 0.5), s_clean, Classes, key: 1),
            TestAnswers.Release(ReleasePolicies.KeyedNoise(Classes, 0.5), s_clean, Classes, key: 2));
        ReleasePolicy guarded = ReleasePolicies.Guarded(Classes, s_benign);
        Assert.Equal(TestAnswers.Release(guarded, s_clean, Classes, key: 1), TestAnswers.Release(guarded, s_clean, Classes, key: 2));
    }

    private static string Text(float[] answer) => string.Join(' ', answer);
}
