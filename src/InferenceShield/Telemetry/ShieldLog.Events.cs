using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <content>Events, ids 1020 to 1029. Callers and tenants by their pseudonyms.</content>
internal static partial class ShieldLog
{
    [LoggerMessage(1020, LogLevel.Warning, "Shield '{Shield}': alarm of {Caller}, family {Family}, level {Level}: {Reason} ({Suppressed} like it left out)", EventName = "Alarm")]
    public static partial void Alarm(ILogger logger, string shield, string caller, DetectionFamily? family, DetectionLevel? level, string reason, long suppressed);

    [LoggerMessage(1021, LogLevel.Warning, "Shield '{Shield}': posture of {Caller} from {From} to {To}, acted {Acted}: {Reason} ({Suppressed} like it left out)", EventName = "PostureChanged")]
    public static partial void PostureChanged(ILogger logger, string shield, string caller, Posture? from, Posture? to, bool acted, string reason, long suppressed);

    [LoggerMessage(1022, LogLevel.Warning, "Shield '{Shield}': campaign {Campaign} of {Size} callers: {Reason} ({Suppressed} like it left out)", EventName = "Campaign")]
    public static partial void CampaignFound(ILogger logger, string shield, long? campaign, int? size, string reason, long suppressed);

    [LoggerMessage(1023, LogLevel.Information, "Shield '{Shield}': odometer of {Caller}, tenant {Tenant}, at {Odometer}: {Reason} ({Suppressed} like it left out)", EventName = "Odometer")]
    public static partial void OdometerReached(ILogger logger, string shield, string caller, string tenant, double? odometer, string reason, long suppressed);

    [LoggerMessage(1024, LogLevel.Warning, "Shield '{Shield}': live traffic drifts from the calibration: {Reason} ({Suppressed} like it left out)", EventName = "Drift")]
    public static partial void Drift(ILogger logger, string shield, string reason, long suppressed);

    [LoggerMessage(1025, LogLevel.Warning, "Shield '{Shield}': the queue of event sink {Sink} is full; {Dropped} events dropped so far. Is the sink slow or stuck? Raise Events:Capacity if bursts are usual", EventName = "EventsDropped")]
    public static partial void EventsDropped(ILogger logger, string shield, string sink, long dropped);

    [LoggerMessage(1026, LogLevel.Error, "Shield '{Shield}': event sink {Sink} threw {Exception}; {Failed} events failed so far and are not tried again", EventName = "EventSinkFailed")]
    public static partial void EventSinkFailed(ILogger logger, string shield, string sink, string exception, long failed);

    [LoggerMessage(1027, LogLevel.Error, "Shield '{Shield}': event sink {Sink} did not end in time; {Left} events that waited are dropped", EventName = "EventSinkAbandoned")]
    public static partial void EventSinkAbandoned(ILogger logger, string shield, string sink, long left);
}
