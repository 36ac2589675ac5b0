using System.Text.Json.Serialization;

namespace InferenceShield.Lab;

/// <summary>The JSON of marks in commitments and of what dossiers hold. A mark or a parameter that this version does not know is refused, not left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CommittedMarks[]))]
[JsonSerializable(typeof(VerificationRecord[]))]
internal sealed partial class OwnershipJsonContext : JsonSerializerContext;
