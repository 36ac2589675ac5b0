using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>What a session holds native memory for.</summary>
internal static class Requests
{
    /// <summary>Requests that have not been freed, the user's and those of the pool.</summary>
    public static int CountIn(ShieldedSession session) => Of(session).Count;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_requests")]
    private static extern ref ConcurrentDictionary<ShieldedRequest, byte> Of(ShieldedSession session);
}
