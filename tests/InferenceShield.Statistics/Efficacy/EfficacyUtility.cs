using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>What a policy does to the answers of honest users.</summary>
internal static class EfficacyUtility
{
    public static EfficacyUtilityRow Measure(EfficacyTarget target, ReleasePolicy policy)
    {
        int classes = target.ClassCount;
        Dataset rows = target.Setup.Test;
        float[] clean = new float[rows.Count * classes];
        target.Setup.Target.Classify(rows.Values.Span, clean);
        float[] released = new float[clean.Length];
        policy.Create(1).Apply(rows.Values.Span, clean, classes, released);
        return new EfficacyUtilityRow(target.Setup.Name, policy.Name, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
