namespace InferenceShield;

/// <summary>Reverse sigmoid (Lee, Edwards, Molloy and Su, "Defending Against Machine Learning Model Stealing Attacks Using
/// Deceptive Perturbations", 2018), capped so that the leading class stays in front.</summary>
/// <remarks>Every score p becomes max(0, p - beta (s(gamma logit p) - 1/2)), s being the logistic function; then the sum is made
/// 1. That is no monotone function of p, so the published form moves labels. Here the answer goes from the clean one towards
/// it only as far as the leader stays in front. Without a key: whoever knows beta and gamma can take it off again.</remarks>
internal static class ReverseSigmoidPerturbation
{
    /// <summary>Keeps the logit finite at 0 and 1.</summary>
    private const double Clip = 1e-9;

    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="beta">0 to 1.</param>
    /// <param name="gamma">0 to 10.</param>
    /// <param name="target">Scratch, as long.</param>
    public static void Apply(Span<double> distribution, int top, double beta, double gamma, Span<double> target)
    {
        double sum = 0;
        for (int i = 0; i < target.Length; i++)
        {
            double clipped = Math.Clamp(distribution[i], Clip, 1 - Clip);

            // The logistic function of gamma times the logit, without the logarithm.
            double sigmoid = 1 / (1 + Math.Pow((1 - clipped) / clipped, gamma));
            target[i] = Math.Max(0, clipped - (beta * (sigmoid - 0.5)));
            sum += target[i];
        }

        for (int i = 0; i < target.Length; i++)
        {
            target[i] /= sum;
        }

        LabelKeepingBlend.Apply(distribution, top, target, share: 1);
    }
}
