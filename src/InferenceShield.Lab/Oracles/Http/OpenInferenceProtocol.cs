using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>The Open Inference Protocol (KServe v2) over REST, without its extensions: tensors are JSON arrays, flat or nested.</summary>
internal sealed class OpenInferenceProtocol(string model) : InferenceProtocol(
    $"v2/models/{Uri.EscapeDataString(model)}/infer", $"v2/models/{Uri.EscapeDataString(model)}", $"v2/models/{Uri.EscapeDataString(model)}/ready")
{
    public override (RemoteTensor Input, RemoteTensor Output) ReadDescription(JsonElement description, string? output)
    {
        RemoteTensor input = RemoteTensor.Read(description, "inputs", "datatype", null);
        RemoteTensor read = RemoteTensor.Read(description, "outputs", "datatype", output);
        return input.DataType is "FP32" or "FP64" && read.DataType is "FP16" or "BF16" or "FP32" or "FP64"
            ? (input, read)
            : throw new OracleException("The oracle asks models that take FP32 or FP64 and answer with FP16, BF16, FP32 or FP64; this one has other types.");
    }

    public override void WriteRequest(Utf8JsonWriter writer, RemoteTensor input, RemoteTensor output, ReadOnlySpan<float> inputs)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("inputs"u8);
        writer.WriteStartObject();
        writer.WriteString("name"u8, input.Name);
        writer.WriteStartArray("shape"u8);
        writer.WriteNumberValue(inputs.Length / input.Length);
        foreach (long dimension in input.RowShape)
        {
            writer.WriteNumberValue(dimension);
        }

        writer.WriteEndArray();
        writer.WriteString("datatype"u8, input.DataType);
        writer.WriteStartArray("data"u8);
        WriteRow(writer, inputs);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteStartArray("outputs"u8);
        writer.WriteStartObject();
        writer.WriteString("name"u8, output.Name);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public override void ReadAnswers(JsonElement answer, RemoteTensor output, Span<float> answers)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("outputs", out JsonElement outputs) || outputs.ValueKind != JsonValueKind.Array)
        {
            throw new OracleException("The answer has no 'outputs'. Check the protocol.");
        }

        foreach (JsonElement tensor in outputs.EnumerateArray())
        {
            if (tensor.ValueKind == JsonValueKind.Object
                && tensor.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.ValueEquals(output.Name)
                && tensor.TryGetProperty("data", out JsonElement data))
            {
                int rows = answers.Length / output.Length;
                int count = CopyNumbers(data, answers, output.Length);
                if (count != answers.Length || !HasRows(tensor, rows))
                {
                    throw new OracleException($"The answer holds {count} numbers in a shape of its own; {rows} rows of {output.Length} were asked for.");
                }

                return;
            }
        }

        throw new OracleException("The answer lacks the output that was asked for, or its 'data'. Binary tensors are not supported.");
    }

    /// <summary>Whether the shape, which the protocol demands, counts as many rows.</summary>
    private static bool HasRows(JsonElement tensor, int rows) =>
        tensor.TryGetProperty("shape", out JsonElement shape) && shape.ValueKind == JsonValueKind.Array && shape.GetArrayLength() > 0
        && shape[0].ValueKind == JsonValueKind.Number && shape[0].TryGetInt32(out int counted) && counted == rows;
}
