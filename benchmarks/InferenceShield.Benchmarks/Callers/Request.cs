namespace InferenceShield.Benchmarks.Callers;

/// <summary>Who asks for what.</summary>
internal sealed record Request(string Caller, string Tenant, string Network, string Model);
