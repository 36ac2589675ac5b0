using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceShield.Samples.FashionApi;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PredictRequest))]
[JsonSerializable(typeof(PredictResponse))]
[JsonSerializable(typeof(ModelDescription))]
internal sealed partial class ApiJsonContext : JsonSerializerContext;
