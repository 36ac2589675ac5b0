using System.Text.Json.Serialization;

namespace InferenceShield.Lab;

/// <summary>The JSON of stores and reports.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(AuditLine))]
[JsonSerializable(typeof(ReportFile))]
[JsonSerializable(typeof(VerificationReport[]))]
internal sealed partial class LabJsonContext : JsonSerializerContext;
