using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>The words of one inference protocol: paths, requests and answers.</summary>
internal abstract class InferenceProtocol(string askPath, string descriptionPath, string? readinessPath)
{
    public string AskPath => askPath;

    public string DescriptionPath => descriptionPath;

    /// <summary>Where the server says that the model is ready; null if the protocol has no such thing.</summary>
    public string? ReadinessPath => readinessPath;

    public static InferenceProtocol Of(HttpOracleOptions options) => options.Protocol == HttpProtocol.Predict
        ? new PredictProtocol(options.Model)
        : new OpenInferenceProtocol(options.Model);

    /// <summary>Finds the input and the output in the server's description of the model.</summary>
    /// <exception cref="OracleException">The oracle cannot ask such a model.</exception>
    public abstract (RemoteTensor Input, RemoteTensor Output) ReadDescription(JsonElement description, string? output);

    /// <summary>Writes a request.</summary>
    public abstract void WriteRequest(Utf8JsonWriter writer, RemoteTensor input, RemoteTensor output, ReadOnlySpan<float> inputs);

    /// <summary>Reads the answers of some rows.</summary>
    /// <exception cref="OracleException">They are not what was asked for.</exception>
    public abstract void ReadAnswers(JsonElement answer, RemoteTensor output, Span<float> answers);

    /// <summary>Copies all numbers in a value, in nested arrays or flat, in order.</summary>
    /// <returns>How many there are, also of those that found no place.</returns>
    /// <exception cref="OracleException">There is something else in it, or a number that float32 does not hold.</exception>
    protected static int CopyNumbers(JsonElement value, Span<float> destination, int width)
    {
        int count = 0;
        Copy(value, destination, width, ref count);
        return count;
    }

    protected static void WriteRow(Utf8JsonWriter writer, ReadOnlySpan<float> row)
    {
        foreach (float value in row)
        {
            writer.WriteNumberValue(value);
        }
    }

    private static void Copy(JsonElement value, Span<float> destination, int width, ref int count)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in value.EnumerateArray())
            {
                Copy(item, destination, width, ref count);
            }

            return;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetSingle(out float number) || !float.IsFinite(number))
        {
            throw new OracleException($"Value {count % width} of row {count / width} of the answer is no finite number.");
        }

        if (count < destination.Length)
        {
            destination[count] = number;
        }

        count++;
    }
}
