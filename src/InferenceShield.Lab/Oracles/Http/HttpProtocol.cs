namespace InferenceShield.Lab;

/// <summary>How a server wants to be asked.</summary>
public enum HttpProtocol
{
    /// <summary>The Open Inference Protocol, which KServe calls v2, in JSON: <c>POST v2/models/{name}/infer</c>.</summary>
    OpenInference,

    /// <summary>As the sample FashionApi: <c>POST v1/models/{name}:predict</c> with <c>instances</c>, answered with <c>predictions</c>
    /// that each hold <c>probabilities</c>.</summary>
    Predict,
}
