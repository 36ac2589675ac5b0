namespace InferenceShield;

/// <summary>The latest plan of each kind that a thread has used in <see cref="HardeningSteps"/>: repeats allocate nothing.</summary>
internal static class StepPlans
{
    private const float UsualThreshold = 0.5f;

    [ThreadStatic]
    private static ScorePlan? s_scores;

    [ThreadStatic]
    private static EmbeddingPlan? s_embedding;

    [ThreadStatic]
    private static TokenLogitsPlan? s_tokens;

    public static ScorePlan Scores(bool areLogits, int decimals, int units, ReadOnlySpan<float> thresholds)
    {
        ScorePlan? plan = s_scores;
        bool isSame = plan is not null && plan.IsLogits == areLogits && plan.Units == units
            && plan.Thresholds.SequenceEqual(thresholds.IsEmpty ? [UsualThreshold] : thresholds);
        return isSame ? plan! : s_scores = new ScorePlan(areLogits, decimals, thresholds);
    }

    public static EmbeddingPlan Embedding(double cosineBudget, int digits) =>
        s_embedding is { } plan && plan.CosineBudget == cosineBudget && plan.Digits == digits ? plan : s_embedding = new EmbeddingPlan(cosineBudget, digits);

    public static TokenLogitsPlan Tokens(int tokens, int decimals, int units) =>
        s_tokens is { } plan && plan.Tokens == tokens && plan.Units == units ? plan : s_tokens = new TokenLogitsPlan(tokens, decimals);
}
