namespace InferenceShield.Samples.FashionApi;

/// <summary>One prediction for each row, in order.</summary>
internal sealed record PredictResponse(Prediction[] Predictions);
