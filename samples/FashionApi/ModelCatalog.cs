using System.Collections.Frozen;
using InferenceShield.OnnxRuntime;

namespace InferenceShield.Samples.FashionApi;

/// <summary>The models that are served, by name.</summary>
internal sealed class ModelCatalog
{
    private readonly FrozenDictionary<string, ServedModel> _models;

    public ModelCatalog(ShieldedSessionCatalog sessions, IConfiguration configuration) =>
        _models = sessions.Sessions.ToFrozenDictionary(
            session => session.Shield.Name,
            session => new ServedModel(session, configuration.GetSection($"Api:Labels:{session.Shield.Name}").Get<string[]>() ?? []));

    public ServedModel? Find(string name) => _models.GetValueOrDefault(name);

    /// <summary>Who a caller is, to every model's shield: their secret is the same.</summary>
    public CallerKey IdentifyCaller(string name) => _models.Values[0].Session.Shield.IdentifyCaller(name);
}
