namespace InferenceShield;

/// <content>Near-tie, permutation and trigger marks.</content>
internal sealed partial class ShieldOptionsValidator
{
    private void CheckLabelMarks(string key, WatermarkOptions watermark)
    {
        if (watermark.NearTie?.Margin is { } margin && !(margin is > 0 and <= 0.5))
        {
            Fault(key + ":NearTie:Margin", margin, "above 0, at most .5");
        }
    }
}
