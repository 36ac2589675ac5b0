using Microsoft.Extensions.Logging;

namespace InferenceShield.OnnxRuntime;

/// <summary>Log messages of this package, ids 2000 to 2999. None names a caller, an input or a score.</summary>
internal static partial class SessionLog
{
    /// <summary>What runs, where, and what of it may leave.</summary>
    public static void LogReady(ILogger logger, ShieldedSession session)
    {
        if (RuntimeTelemetry.Warning is { } warning)
        {
            RuntimeTelemetryWarning(logger, warning);
        }

        if (logger.IsEnabled(LogLevel.Information))
        {
            SessionReady(logger, session.Shield.Name, session.Device, string.Join("; ", session.Inputs), string.Join("; ", session.Outputs));
        }
    }

    [LoggerMessage(2000, LogLevel.Information, "Model '{Model}' is loaded on {Device}; inputs {Inputs}; released outputs {Outputs}", EventName = "SessionReady")]
    public static partial void SessionReady(ILogger logger, string model, string device, string inputs, string outputs);

    [LoggerMessage(2001, LogLevel.Warning, "Model '{Model}' runs on the CPU: {Reason}", EventName = "DeviceFallback")]
    public static partial void DeviceFallback(ILogger logger, string model, string reason);

    [LoggerMessage(2002, LogLevel.Warning, "{Warning}", EventName = "RuntimeTelemetry")]
    public static partial void RuntimeTelemetryWarning(ILogger logger, string warning);
}
