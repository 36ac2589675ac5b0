namespace InferenceShield;

/// <summary>Turns verdicts, odometers and campaigns into postures: detection.md 6, rules in <see cref="PostureOptions"/>.</summary>
internal sealed class PostureEngine
{
    /// <summary>A caller raised an alarm. On the hot path: bounded, no allocation; what does not fit is found by the next scan.</summary>
    public void Notice(CallerKey caller) => throw new NotImplementedException();

    /// <summary>A campaign was found, or grew. From the campaign worker.</summary>
    public void NoticeCampaign(CampaignReport campaign) => throw new NotImplementedException();

    /// <summary>Decides and acts; each second.</summary>
    public void Tick(long now) => throw new NotImplementedException();
}
