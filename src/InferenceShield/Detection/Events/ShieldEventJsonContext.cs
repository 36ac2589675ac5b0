using System.Text.Json.Serialization;

namespace InferenceShield;

/// <summary>The JSON of events, by generated code. The cold start's promise and thresholds without a bound may be "NaN" and "Infinity".</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UseStringEnumConverter = true,
    Converters = [typeof(CallerKeyJsonConverter)])]
[JsonSerializable(typeof(ShieldEvent))]
internal sealed partial class ShieldEventJsonContext : JsonSerializerContext;
