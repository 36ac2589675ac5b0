using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The model under audit, from a file or served somewhere.</summary>
internal sealed class Target : IDisposable
{
    private readonly IDisposable _owned;

    private Target(IDisposable owned, IClassifier classifier, string name, string output, OutputKind kind, bool isServed)
    {
        _owned = owned;
        Classifier = classifier;
        Name = name;
        Output = output;
        Kind = kind;
        IsServed = isServed;
    }

    public IClassifier Classifier { get; }

    public string Name { get; }

    public string Output { get; }

    public OutputKind Kind { get; }

    /// <summary>Whether answers come from a service: its policy is then its own, and no clean answers are known.</summary>
    public bool IsServed { get; }

    public static Target Open(AuditRequest request, Dataset data)
    {
        if (Uri.TryCreate(request.Model, UriKind.Absolute, out Uri? address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
        {
            return OpenServed(request, address, data);
        }

        OnnxModel model = OnnxModel.Open(request.Model);
        try
        {
            OnnxTarget target = OnnxTarget.Choose(model, data, request.Output, request.Kind);
            return new Target(model, target, request.ModelName ?? DataFile.NameOf(request.Model), target.Output, target.Kind, isServed: false);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public void Dispose() => _owned.Dispose();

    private static Target OpenServed(AuditRequest request, Uri address, Dataset data)
    {
        if (!request.IsAuthorised)
        {
            throw new MistakeException($"'{address.Host}' serves somebody's model. If you own it or may test it, say so with --i-am-authorised.");
        }

        if (!address.IsLoopback && !request.AllowRemote)
        {
            throw new MistakeException($"'{address.Host}' is not this machine. If it is meant, add --allow-remote.");
        }

        if (request.Policy is not null || request.Policies.Count > 0)
        {
            throw new MistakeException("A served model has its own policy: leave out --policy and --policies. To compare policies, audit the ONNX file.");
        }

        ServedModel served = ServedModel.Open(address, data, request.Output);
        return new Target(served, served, request.ModelName ?? served.Name, served.Output, OutputKind.Probabilities, isServed: true);
    }
}
