using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;

namespace InferenceShield.OnnxRuntime;

/// <summary>The sessions registered with UseOnnxRuntime, by model name.</summary>
/// <remarks>For names that callers send. Asking the container for a keyed service under such a name would make it remember
/// every name it was ever asked for. Thread-safe; a singleton.</remarks>
public sealed class ShieldedSessionCatalog
{
    private readonly FrozenDictionary<string, ShieldedSession> _sessions;

    internal ShieldedSessionCatalog(IServiceProvider services, IEnumerable<SessionRegistration> registrations) =>
        _sessions = registrations.Select(registration => registration.Model).Distinct(StringComparer.Ordinal)
            .ToFrozenDictionary(name => name, name => services.GetRequiredKeyedService<ShieldedSession>(name), StringComparer.Ordinal);

    /// <summary>All of them; a session's model is its Shield.Name.</summary>
    public IReadOnlyList<ShieldedSession> Sessions => _sessions.Values;

    /// <summary>Finds a model's session.</summary>
    /// <returns>False if no model of that name is registered.</returns>
    public bool TryGet(string name, [NotNullWhen(true)] out ShieldedSession? session) => _sessions.TryGetValue(name, out session);
}
