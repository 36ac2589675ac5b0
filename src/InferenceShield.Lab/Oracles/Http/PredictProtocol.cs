using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>The JSON of the sample FashionApi.</summary>
internal sealed class PredictProtocol(string model) : InferenceProtocol($"v1/models/{Uri.EscapeDataString(model)}:predict", $"v1/models/{Uri.EscapeDataString(model)}", null)
{
    public override (RemoteTensor Input, RemoteTensor Output) ReadDescription(JsonElement description, string? output) =>
        (RemoteTensor.Read(description, "inputs", "type", null), RemoteTensor.Read(description, "outputs", "type", output));

    public override void WriteRequest(Utf8JsonWriter writer, RemoteTensor input, RemoteTensor output, ReadOnlySpan<float> inputs)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("instances"u8);
        for (int row = 0; row < inputs.Length; row += input.Length)
        {
            writer.WriteStartArray();
            WriteRow(writer, inputs.Slice(row, input.Length));
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public override void ReadAnswers(JsonElement answer, RemoteTensor output, Span<float> answers)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("predictions", out JsonElement predictions) || predictions.ValueKind != JsonValueKind.Array)
        {
            throw new OracleException("The answer has no 'predictions'. Check the protocol.");
        }

        int rows = answers.Length / output.Length;
        if (predictions.GetArrayLength() != rows)
        {
            throw new OracleException($"The answer holds {predictions.GetArrayLength()} predictions; {rows} rows were asked.");
        }

        int row = 0;
        foreach (JsonElement prediction in predictions.EnumerateArray())
        {
            int count = prediction.ValueKind == JsonValueKind.Object && prediction.TryGetProperty("probabilities", out JsonElement probabilities)
                ? CopyNumbers(probabilities, answers.Slice(row * output.Length, output.Length), output.Length)
                : 0;
            if (count != output.Length)
            {
                throw new OracleException($"Prediction {row} has {count} probabilities; the model has {output.Length}.");
            }

            row++;
        }
    }
}
