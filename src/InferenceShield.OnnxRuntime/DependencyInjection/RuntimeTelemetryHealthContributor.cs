namespace InferenceShield.OnnxRuntime;

/// <summary>Says so when ONNX Runtime's own telemetry may be on against the operator's wish.</summary>
internal sealed class RuntimeTelemetryHealthContributor : IShieldHealthContributor
{
    public IEnumerable<string> GetWarnings() => RuntimeTelemetry.Warning is { } warning ? [warning] : [];
}
