using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>What a policy does to the answers of honest users.</summary>
internal static class EfficacyUtility
{
    private const double Threshold = 0.9;

    public static EfficacyUtilityRow Measure(EfficacyTarget target, ReleasePolicy policy)
    {
        int classes = target.ClassCount;
        Dataset rows = target.Setup.Test;
        float[] clean = new float[rows.Count * classes];
        target.Setup.Target.Classify(rows.Values.Span, clean);
        float[] released = new float[clean.Length];
        policy.Create(1).Apply(rows.Values.Span, clean, classes, released);
        UtilityMetrics utility = UtilityMetrics.Measure(clean, released, rows.Labels.Span, classes, Threshold);
        return new EfficacyUtilityRow(
            target.Setup.Name, policy.Name, utility.TopChanged, utility.MeanDistance, utility.MaxDistance, utility.CalibrationError!.Value,
            utility.Separation!.Value, utility.Brier!.Value, utility.Crossings[0], utility.DistinctAnswers);
    }
}
