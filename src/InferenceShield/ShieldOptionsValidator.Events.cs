namespace InferenceShield;

/// <content>How events are told.</content>
internal sealed partial class ShieldOptionsValidator
{
    private static readonly TimeSpan s_longestCoolDown = TimeSpan.FromDays(1);

    private void CheckEvents(EventOptions events)
    {
        Range("Events:Capacity", events.Capacity, 1, 100_000);
        if (events.CoolDown < TimeSpan.Zero || events.CoolDown > s_longestCoolDown)
        {
            Fault("Events:CoolDown", events.CoolDown, "00:00:00 to 1.00:00:00");
        }
    }
}
