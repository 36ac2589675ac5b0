using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>Opens a suspect: an ONNX file, or a URL.</summary>
internal static class SuspectTarget
{
    public static async Task<(Suspect Suspect, IDisposable Owned)> OpenAsync(VerifyRequest request, string suspect, CancellationToken cancellationToken)
    {
        if (Uri.TryCreate(suspect, UriKind.Absolute, out Uri? address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps))
        {
            AuditRequest asking = new(suspect, "")
            {
                Output = request.SuspectOutput,
                IsAuthorised = request.IsAuthorised,
                AllowRemote = request.AllowRemote,
                ApiKeyVariable = request.ApiKeyVariable,
                ApiKeyHeader = request.ApiKeyHeader,
                TimeoutSeconds = request.TimeoutSeconds,
                RowsPerCall = request.RowsPerCall,
            };
            ServedModel.RequireAddress(asking, address);
            (HttpOracle oracle, _) = await ServedModel.OpenAsync(asking, address, cancellationToken).ConfigureAwait(false);
            return (new Suspect(address.Host, oracle, request.LabelOnly), oracle);
        }

        try
        {
            OnnxClassifier model = new(suspect, request.SuspectOutput);
            return (Suspect.Of(DataFile.NameOf(suspect), model, request.LabelOnly), model);
        }
        catch (Exception exception) when (exception is ArgumentException and not ArgumentNullException)
        {
            throw MistakeException.Of((ArgumentException)exception);
        }
    }
}
