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

    public static async Task<Target> OpenAsync(AuditRequest request, Dataset data, CancellationToken cancellationToken)
    {
        if (Uri.TryCreate(request.Model, UriKind.Absolute, out Uri? address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
        {
            return await OpenServedAsync(request, address, data, cancellationToken).ConfigureAwait(false);
        }

        string name = request.ModelName ?? DataFile.NameOf(request.Model);
        string[] declared = request.Policy is { } policy ? PolicyFile.GetOutputs(PolicyFile.Read(policy, name)) : [];
        OnnxClassifier classifier = OutputChoice.Open(request.Model, data, request.Output, request.Kind, declared, out OutputGuess chosen);
        return new Target(classifier, classifier, name, chosen.Output, chosen.Kind, isServed: false);
    }

    public void Dispose() => _owned.Dispose();

    private static async Task<Target> OpenServedAsync(AuditRequest request, Uri address, Dataset data, CancellationToken cancellationToken)
    {
        ServedModel.RequireAddress(request.Endpoint, address);
        if (request.Policy is not null || request.Policies.Count > 0)
        {
            throw new MistakeException("A served model has its own policy: leave out --policy and --policies. To compare policies, audit the ONNX file.");
        }

        ServedModel served = await ServedModel.ConnectAsync(request.Endpoint, address, request.Output, cancellationToken).ConfigureAwait(false);
        return served.InputLength == data.Width
            ? new Target(served, served, request.ModelName ?? served.Name, request.Output ?? "the only one", OutputKind.Probabilities, isServed: true)
            : throw new MistakeException($"Rows of the data have {data.Width} values; '{address}' takes {served.InputLength}. Give data of the model's shape.");
    }
}
