namespace InferenceShield;

/// <summary>Draws a distribution towards another one, as far as asked or as far as its leading class stays in front.</summary>
/// <remarks>On the straight way between the two, class i draws level with the leader at the share lead / (lead + gain), where
/// lead is how far it is behind before and gain how far it is ahead at the end. The least of these is the cap.</remarks>
internal static class LabelKeepingBlend
{
    /// <param name="distribution">Non-negative, sum 1, none above <paramref name="top"/>. So is the result.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="target">Non-negative, sum 1, as long.</param>
    /// <param name="share">How far: 0 to 1.</param>
    public static void Apply(Span<double> distribution, int top, ReadOnlySpan<double> target, double share)
    {
        double clean = distribution[top];
        double goal = target[top];
        for (int i = 0; i < distribution.Length; i++)
        {
            double gain = target[i] - goal;
            double lead = clean - distribution[i];
            if (gain > 0)
            {
                share = Math.Min(share, lead / (lead + gain));
            }
        }

        double leader = clean + (share * (goal - clean));
        for (int i = 0; i < distribution.Length; i++)
        {
            // Whoever is level at the cap may be a rounding error above.
            distribution[i] = Math.Min(distribution[i] + (share * (target[i] - distribution[i])), leader);
        }
    }
}
