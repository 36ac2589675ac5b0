using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>How long a caller keeps its posture after what gave it away: a keyed function of caller, epoch and alarm. Immutable, thread-safe.</summary>
/// <remarks>Uniform, so whoever sees its answers change learns only that the trigger was one of the last queries. Not random:
/// whoever makes the same queries again, in the same epoch, gets the same delay, and cannot average it away.</remarks>
internal readonly struct PostureDelay
{
    private readonly SipHashKey _key;

    public PostureDelay(SipHashKey key) => _key = key;

    /// <summary>Draws a delay.</summary>
    /// <param name="caller">Whose.</param>
    /// <param name="epoch">The caller's epoch.</param>
    /// <param name="alarm">What was noticed, and for which time.</param>
    /// <param name="mostQueries">Queries: 0 to this.</param>
    /// <param name="mostTime">Nanoseconds: 0 to this.</param>
    public (int Queries, long Time) Of(CallerKey caller, int epoch, ulong alarm, int mostQueries, long mostTime)
    {
        Hash128 hash = SipHash.Hash(_key, caller.Low, caller.High, ((ulong)(uint)epoch << 32) ^ alarm);
        return ((int)Math.BigMul(hash.Low, (ulong)mostQueries + 1, out _), (long)Math.BigMul(hash.High, (ulong)mostTime + 1, out _));
    }
}
