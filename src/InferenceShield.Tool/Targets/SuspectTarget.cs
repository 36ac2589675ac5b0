using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>Opens a suspect: an ONNX file, or a URL.</summary>
internal static class SuspectTarget
{
    public static async Task<(Suspect Suspect, IDisposable Owned)> OpenAsync(VerifyRequest request, VerifyInputs inputs, string suspect, CancellationToken cancellationToken)
    {
        if (TryGetAddress(suspect, out Uri? address))
        {
            ServedModel.RequireAddress(request.Endpoint, address);
            (HttpOracle oracle, _) = await ServedModel.OpenAsync(request.Endpoint, address, request.SuspectOutput, cancellationToken).ConfigureAwait(false);
            return (new Suspect(NameOf(suspect), oracle, request.LabelOnly) { Identity = address.GetLeftPart(UriPartial.Path) }, oracle);
        }

        if (inputs.Embeddings is { } embeddings)
        {
            EmbeddingModel model = EmbeddingModel.Open(suspect, embeddings.Queries, request.SuspectOutput, inputs.EmbeddingOutput);
            return (new Suspect(NameOf(suspect), model) { Identity = "SHA-256 " + DigestOf(suspect) }, model);
        }

        try
        {
            OnnxClassifier model = new(suspect, request.SuspectOutput);
            return (Suspect.Of(NameOf(suspect), model, request.LabelOnly, "SHA-256 " + DigestOf(suspect)), model);
        }
        catch (Exception exception) when (exception is ArgumentException and not ArgumentNullException)
        {
            throw MistakeException.Of((ArgumentException)exception);
        }
    }

    /// <summary>What a suspect is called in reports: a file's name, or a host and path.</summary>
    public static string NameOf(string suspect) =>
        TryGetAddress(suspect, out Uri? address) ? address.Authority + address.AbsolutePath : DataFile.NameOf(suspect);

    private static bool TryGetAddress(string suspect, [NotNullWhen(true)] out Uri? address) =>
        Uri.TryCreate(suspect, UriKind.Absolute, out address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);

    private static string DigestOf(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
