using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <summary>Log messages of the core, ids 1000 to 1999. None names a caller, an input or a secret.</summary>
internal static partial class ShieldLog
{
    [LoggerMessage(1000, LogLevel.Information, "Shield '{Shield}' is up: mode {Mode}, secret {KeyId}, {Capacity} callers, outputs {Outputs}", EventName = "ShieldBuilt")]
    public static partial void ShieldBuilt(ILogger logger, string shield, ShieldMode mode, string keyId, int capacity, string outputs);

    [LoggerMessage(1001, LogLevel.Information, "Shield '{Shield}' serves plan {Version} now", EventName = "PlanReloaded")]
    public static partial void PlanReloaded(ILogger logger, string shield, int version);

    [LoggerMessage(1002, LogLevel.Error, "Shield '{Shield}' keeps plan {Version}: the new options are not valid. {Faults}", EventName = "ReloadRejected")]
    public static partial void ReloadRejected(ILogger logger, string shield, int version, string faults);

    [LoggerMessage(1003, LogLevel.Warning, "Shield '{Shield}': a table of callers ({Capacity}), tenants or networks is full; newcomers share one bucket. Raise Callers:Capacity, TenantCapacity or NetworkCapacity if they are honest", EventName = "CallerTableFull")]
    public static partial void CallerTableFull(ILogger logger, string shield, int capacity);

    [LoggerMessage(1004, LogLevel.Warning, "Shield '{Shield}' only observes: clean answers leave the process", EventName = "ObserveOnly")]
    public static partial void ObserveOnly(ILogger logger, string shield);

    [LoggerMessage(1005, LogLevel.Warning, "Shield '{Shield}': {Warning}", EventName = "OptionsWarning")]
    public static partial void OptionsWarning(ILogger logger, string shield, string warning);

    [LoggerMessage(1006, LogLevel.Error, "The global limit stays as it was: the new one is not valid. {Faults}", EventName = "GlobalLimitRejected")]
    public static partial void GlobalLimitRejected(ILogger logger, string faults);

    [LoggerMessage(1007, LogLevel.Information, "The global limit was read again and is in force", EventName = "GlobalLimitReloaded")]
    public static partial void GlobalLimitReloaded(ILogger logger);

    [LoggerMessage(1008, LogLevel.Warning, "Shield '{Shield}': output '{Output}' is declared SigmoidLogits, and all numbers of its first {Answers} answers lie between 0 and 1. If they are probabilities, declare SigmoidProbabilities: a second sigmoid flattens them to .5 to .73", EventName = "LogitsLookLikeProbabilities")]
    public static partial void LogitsLookLikeProbabilities(ILogger logger, string shield, string output, int answers);

    [LoggerMessage(1031, LogLevel.Error, "Shield '{Shield}': a tick of detection failed; the next one runs", EventName = "DetectionTickFailed")]
    public static partial void DetectionTickFailed(ILogger logger, Exception exception, string shield);

    [LoggerMessage(1032, LogLevel.Error, "Shield '{Shield}': containment ({Action}) of a caller failed twice: {Fault}", EventName = "ContainmentFailed")]
    public static partial void ContainmentFailed(ILogger logger, string shield, string action, string fault);

    [LoggerMessage(1033, LogLevel.Warning, "{Silence}", EventName = "NothingObserved")]
    public static partial void NothingObserved(ILogger logger, string silence);

    [LoggerMessage(1034, LogLevel.Information, "Shield '{Shield}' detects by a calibration of {Callers} honest callers: advisory {IsAdvisory}, postures {Mode}, recording {IsRecording}", EventName = "CalibrationInForce")]
    public static partial void CalibrationInForce(ILogger logger, string shield, int callers, bool isAdvisory, PostureMode mode, bool isRecording);

    [LoggerMessage(1030, LogLevel.Error, "Shield '{Shield}': recording for calibration has ended. {Reason}", EventName = "RecordingEnded")]
    public static partial void RecordingEnded(ILogger logger, string shield, string reason);
}
