using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>Writes events to a log, each kind under an id of its own. There by default where there is a logger factory.</summary>
internal sealed class LoggerEventSink : IShieldEventSink
{
    private readonly ILogger _logger;

    public LoggerEventSink(ILogger logger) => _logger = logger;

    public ValueTask WriteAsync(ShieldEvent shieldEvent, CancellationToken cancellationToken)
    {
        string caller = shieldEvent.Caller.ToString();
        switch (shieldEvent.Kind)
        {
            case ShieldEventKind.Alarm:
                ShieldLog.Alarm(_logger, shieldEvent.Model, caller, shieldEvent.Verdict?.Family, shieldEvent.Verdict?.Level, shieldEvent.Reason, shieldEvent.Suppressed);
                break;
            case ShieldEventKind.PostureChanged:
                ShieldLog.PostureChanged(_logger, shieldEvent.Model, caller, shieldEvent.From, shieldEvent.To, shieldEvent.Acted, shieldEvent.Reason, shieldEvent.Suppressed);
                break;
            case ShieldEventKind.Campaign:
                ShieldLog.CampaignFound(_logger, shieldEvent.Model, shieldEvent.Campaign?.Id, shieldEvent.Campaign?.Size, shieldEvent.Reason, shieldEvent.Suppressed);
                break;
            case ShieldEventKind.Odometer:
                ShieldLog.OdometerReached(_logger, shieldEvent.Model, caller, shieldEvent.Tenant.ToString(), shieldEvent.Odometer, shieldEvent.Reason, shieldEvent.Suppressed);
                break;
            default:
                ShieldLog.Drift(_logger, shieldEvent.Model, shieldEvent.Reason, shieldEvent.Suppressed);
                break;
        }

        return ValueTask.CompletedTask;
    }
}
