using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>The policies that are compared: published ones, and those of the shield.</summary>
internal static class EfficacyPolicies
{
    private static readonly string[] s_order =
    [
        "none", "reverse sigmoid", "Gaussian noise", "temperature 2", "keyed noise 0.2", "ModelGuard-W 1", "ModelGuard-W 0.2", "codebook", "normal", "guarded", "restricted",
    ];

    public static int Order(string policy) => Array.IndexOf(s_order, policy);

    public static IReadOnlyList<ReleasePolicy> All(int classes, float[] benign) =>
    [
        ReleasePolicy.None,
        Named("reverse sigmoid", BaselinePolicies.ReverseSigmoid(1, 0.2)),
        Named("Gaussian noise", BaselinePolicies.GaussianNoise(0.2)),
        Named("temperature 2", BaselinePolicies.Temperature(2)),
        Named("keyed noise 0.2", ReleasePolicies.KeyedNoise(classes, 0.2)),
        Named("ModelGuard-W 1", ReleasePolicies.LeastInformation(classes, 1)),
        Named("ModelGuard-W 0.2", ReleasePolicies.LeastInformation(classes, 0.2)),
        Named("codebook", ReleasePolicies.Codebook(classes, benign)),
        Named("normal", ReleasePolicies.Normal(classes)),
        Named("guarded", ReleasePolicies.Guarded(classes, benign)),
        Named("restricted", ReleasePolicies.Restricted(classes)),
    ];

    private static ReleasePolicy Named(string name, ReleasePolicy policy) => new(name, policy.Create);
}
