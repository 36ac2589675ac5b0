namespace InferenceShield.OnnxRuntime;

/// <summary>A model that a session was registered for.</summary>
internal sealed record SessionRegistration(string Model);
