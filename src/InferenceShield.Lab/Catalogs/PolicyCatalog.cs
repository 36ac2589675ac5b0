namespace InferenceShield.Lab;

/// <summary>The policies that exist, by name, with their defaults.</summary>
public static class PolicyCatalog
{
    private static readonly string[] s_learned = ["bands", "codebook"];

    private static readonly (string Name, string Summary, Func<PolicyContext, ReleasePolicy> Create)[] s_policies =
    [
        ("none", "clean answers: what the others are compared with", static _ => ReleasePolicy.None),
        ("shield", "what the shield releases to normal callers", context => OfPosture("shield", context, Posture.Normal)),
        ("shield-guarded", "what it releases to guarded callers", context => OfPosture("shield-guarded", context, Posture.Guarded)),
        ("shield-restricted", "what it releases to restricted callers", context => OfPosture("shield-restricted", context, Posture.Restricted)),
        ("top-1", "the label alone", context => Named("top-1", ReleasePolicies.LabelOnly(context.ClassCount))),
        ("rounding", "1 decimal", context => Named("rounding", ReleasePolicies.Round(context.ClassCount, decimals: 1))),
        ("bands", "label, confidence band and second label; learned", context => Named("bands", ReleasePolicies.Bands(context.ClassCount, context.BenignAnswers.Span))),
        ("codebook", "the nearest of 16 typical answers of the label; learned", context => Named("codebook", ReleasePolicies.Codebook(context.ClassCount, context.BenignAnswers.Span))),
        ("keyed-noise", "noise of .5 in L1, the same on every repeat", context => Named("keyed-noise", ReleasePolicies.KeyedNoise(context.ClassCount, 0.5))),
        ("modelguard-w", "ModelGuard-W with .5 in L1", context => Named("modelguard-w", ReleasePolicies.LeastInformation(context.ClassCount, 0.5))),
        ("reverse-sigmoid", "ART's, for comparison", static _ => Named("reverse-sigmoid", BaselinePolicies.ReverseSigmoid())),
        ("gaussian-noise", "ART's, for comparison: fresh for each answer", static _ => Named("gaussian-noise", BaselinePolicies.GaussianNoise())),
    ];

    /// <summary>All policies, the usual ones first.</summary>
    public static IReadOnlyList<CatalogEntry> Entries { get; } = [.. s_policies.Select(policy => new CatalogEntry(policy.Name, policy.Summary))];

    /// <summary>Whether a policy learns from <see cref="PolicyContext.BenignAnswers"/>.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    public static bool Learns(string name) => s_learned.Contains(name);

    /// <summary>Makes a policy; one that learns does so now.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    /// <param name="context">What it is made of.</param>
    /// <exception cref="ArgumentException">There is no such policy, says which there are; or there are no benign answers to learn from.</exception>
    public static ReleasePolicy Create(string name, PolicyContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        int found = Array.FindIndex(s_policies, policy => policy.Name == name);
        return found >= 0
            ? s_policies[found].Create(context)
            : throw new ArgumentException($"There is no policy '{name}'. Allowed: {string.Join(", ", s_policies.Select(policy => policy.Name))}.");
    }

    private static ReleasePolicy OfPosture(string name, PolicyContext context, Posture posture) =>
        new(name, key => new PostureRelease(context, posture, key));

    /// <summary>The same under the catalog's name, which gates can be written with.</summary>
    private static ReleasePolicy Named(string name, ReleasePolicy policy) => new(name, policy.Create);
}
