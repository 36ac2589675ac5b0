namespace InferenceShield.OnnxRuntime;

/// <content>Answers kept for identical queries.</content>
public sealed partial class ShieldedSession
{
    private readonly SessionAnswerCache? _answers;

    /// <summary>What the answer cache has counted, for the operator: callers must not see it.</summary>
    /// <returns>All zeros if <see cref="ShieldedSessionOptions.AnswerCache"/> is off. Queries in observe-only mode, which do not use
    /// the cache, are not counted.</returns>
    /// <remarks>Thread-safe. Adds up counters: for now and then, not for every query.</remarks>
    public AnswerCacheStatistics GetAnswerCacheStatistics() => _answers?.GetStatistics() ?? default;
}
