using System.Text.Json.Serialization;

namespace InferenceShield.Lab;

/// <summary>The JSON of marks in commitments. A mark or a parameter that this version does not know is refused, not left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(CommittedMarks[]))]
internal sealed partial class OwnershipJsonContext : JsonSerializerContext;
