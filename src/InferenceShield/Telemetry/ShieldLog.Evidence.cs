using Microsoft.Extensions.Logging;

namespace InferenceShield;

/// <content>The list of marked queries, ids 1050 to 1059.</content>
internal static partial class ShieldLog
{
    [LoggerMessage(1050, LogLevel.Information, "Shield '{Shield}' keeps marked queries in '{File}', with inputs {KeepsInputs}, for {Retention}", EventName = "EvidenceBegun")]
    public static partial void EvidenceBegun(ILogger logger, string shield, string file, bool keepsInputs, TimeSpan retention);

    [LoggerMessage(1051, LogLevel.Error, "Shield '{Shield}': marked queries are not kept in '{File}' now. {Reason}", EventName = "EvidenceFailed")]
    public static partial void EvidenceFailed(ILogger logger, string shield, string file, string reason);

    [LoggerMessage(1052, LogLevel.Warning, "Shield '{Shield}': marked queries are kept without inputs and without digests, so nothing says what was asked. Give Harden inputs or digests, or use a ShieldedSession", EventName = "EvidenceWithoutDigest")]
    public static partial void EvidenceWithoutDigest(ILogger logger, string shield);

    [LoggerMessage(1053, LogLevel.Information, "Shield '{Shield}': segment {File} of the evidence list has reached its retention and is deleted", EventName = "EvidenceExpired")]
    public static partial void EvidenceExpired(ILogger logger, string shield, string file);

    [LoggerMessage(1054, LogLevel.Error, "Shield '{Shield}': more than half of Evidence:MostBytes of '{File}' is used, and queries of callers that have had their share of the rest are not kept. Raise it, or look at which callers fill the list", EventName = "EvidenceScarce")]
    public static partial void EvidenceScarce(ILogger logger, string shield, string file);

    [LoggerMessage(1055, LogLevel.Warning, "Shield '{Shield}': Evidence:KeepInputs is on, and marked queries come without their inputs, which are not kept. Give Harden the inputs themselves: digests and mark inputs do not hold them", EventName = "EvidenceWithoutInput")]
    public static partial void EvidenceWithoutInput(ILogger logger, string shield);
}
