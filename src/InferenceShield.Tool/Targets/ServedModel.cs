using System.Globalization;
using System.Net.Http.Headers;
using System.Numerics.Tensors;
using System.Text;
using System.Text.Json;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>A model behind the Open Inference Protocol (KServe v2, REST): <c>POST …/v2/models/NAME/infer</c>.</summary>
/// <remarks>Its answers take the place of clean ones, which nobody outside the service has: agreement is with what is served.</remarks>
internal sealed class ServedModel : IClassifier, IDisposable
{
    private const int Batch = 32;
    private const int MostRefusals = 5;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(2);

    private readonly HttpClient _client = new() { Timeout = s_timeout };
    private readonly Uri _address;
    private readonly string _input;
    private readonly long[] _shape;

    private ServedModel(Uri address, string name, string input, long[] shape, string output, int inputLength, int classCount)
    {
        _address = address;
        _input = input;
        _shape = shape;
        Name = name;
        Output = output;
        InputLength = inputLength;
        ClassCount = classCount;
    }

    /// <summary>The model's name at the service.</summary>
    public string Name { get; }

    /// <summary>The output that is asked for.</summary>
    public string Output { get; }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int ClassCount { get; }

    /// <summary>Asks the service what it serves.</summary>
    /// <param name="address">…/v2/models/NAME, with or without /infer behind.</param>
    /// <param name="data">Whose rows will be asked.</param>
    /// <param name="output">The output to ask for; null if there is one.</param>
    public static ServedModel Open(Uri address, Dataset data, string? output)
    {
        string text = address.GetLeftPart(UriPartial.Path).TrimEnd('/');
        Uri model = new(text.EndsWith("/infer", StringComparison.Ordinal) ? text[..^"/infer".Length] : text);
        using HttpClient client = new() { Timeout = s_timeout };
        using HttpRequestMessage question = new(HttpMethod.Get, model);
        using JsonDocument metadata = Send(client, question).Json
            ?? throw new MistakeException($"'{model}' refuses to say what it serves.");
        try
        {
            JsonElement[] inputs = [.. metadata.RootElement.GetProperty("inputs").EnumerateArray()];
            JsonElement[] outputs = [.. metadata.RootElement.GetProperty("outputs").EnumerateArray()];
            JsonElement chosen = outputs.FirstOrDefault(one => output is null ? outputs.Length == 1 : one.GetProperty("name").GetString() == output);
            if (inputs.Length != 1 || chosen.ValueKind != JsonValueKind.Object)
            {
                throw new MistakeException($"'{model}' has {inputs.Length} inputs (this tool takes one) and the outputs {string.Join(", ", outputs.Select(one => one.GetProperty("name").GetString()))}. Name the one with probabilities: --output NAME.");
            }

            long[] shape = [.. inputs[0].GetProperty("shape").EnumerateArray().Select(one => one.GetInt64())];
            long classes = chosen.GetProperty("shape").EnumerateArray().Last().GetInt64();
            long width = shape.Skip(1).Aggregate(1L, (product, one) => product * one);
            if (width != data.Width || classes is < 2 or > 1_000_000)
            {
                throw new MistakeException($"'{model}' takes rows of {width} values and answers {classes}; the data have rows of {data.Width}, and two or more classes are needed.");
            }

            return new ServedModel(
                new Uri(model + "/infer"), metadata.RootElement.GetProperty("name").GetString()!, inputs[0].GetProperty("name").GetString()!, shape, chosen.GetProperty("name").GetString()!, (int)width, (int)classes);
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new MistakeException($"'{model}' does not answer as the Open Inference Protocol says (name, inputs and outputs with name and shape). Is the path …/v2/models/NAME?");
        }
    }

    /// <inheritdoc/>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        int rows = inputs.Length / InputLength;
        for (int first = 0; first < rows; first += Batch)
        {
            int count = Math.Min(Batch, rows - first);
            Ask(inputs.Slice(first * InputLength, count * InputLength), count, probabilities.Slice(first * ClassCount, count * ClassCount));
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _client.Dispose();

    private void Ask(ReadOnlySpan<float> inputs, int rows, Span<float> probabilities)
    {
        string body = JsonSerializer.Serialize(new
        {
            inputs = new[] { new { name = _input, shape = (long[])[rows, .. _shape[1..]], datatype = "FP32", data = inputs.ToArray() } },
            outputs = new[] { new { name = Output } },
        });
        for (int refusals = 0; ; refusals++)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, _address) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            (JsonDocument? json, TimeSpan wait) = Send(_client, request);
            if (json is not null)
            {
                using (json)
                {
                    Read(json, rows, probabilities);
                }

                return;
            }

            if (refusals >= MostRefusals || wait > s_longestWait)
            {
                throw new MistakeException($"'{_address}' refuses (429) and asks to come back in {wait.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s. What was finished is kept; go on later with --resume, or raise the limit for this test.");
            }

            Thread.Sleep(wait);
        }
    }

    private void Read(JsonDocument json, int rows, Span<float> probabilities)
    {
        float[] data;
        try
        {
            data = [.. json.RootElement.GetProperty("outputs").EnumerateArray().First(one => one.GetProperty("name").GetString() == Output).GetProperty("data").EnumerateArray().SelectMany(Flatten)];
        }
        catch (Exception exception) when (exception is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new MistakeException($"'{_address}' does not answer as the Open Inference Protocol says: there is no output '{Output}' with data.");
        }

        if (data.Length != rows * ClassCount)
        {
            throw new MistakeException($"'{_address}' answered {data.Length} numbers to {rows} rows; {rows * ClassCount} were expected.");
        }

        for (int row = 0; row < data.Length; row += ClassCount)
        {
            float sum = TensorPrimitives.Sum<float>(data.AsSpan(row, ClassCount));
            if (!(Math.Abs(sum - 1) < 0.01f) || data.AsSpan(row, ClassCount).ContainsAnyExceptInRange(0, 1))
            {
                throw new MistakeException($"'{_address}' answers with rows that are no probabilities. Choose the output with --output.");
            }
        }

        data.CopyTo(probabilities);
    }

    private static IEnumerable<float> Flatten(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().SelectMany(Flatten) : [value.GetSingle()];

    /// <returns>What was answered, or null and how long to wait.</returns>
    private static (JsonDocument? Json, TimeSpan Wait) Send(HttpClient client, HttpRequestMessage request)
    {
        try
        {
            using HttpResponseMessage response = client.Send(request);
            if ((int)response.StatusCode == 429)
            {
                RetryConditionHeaderValue? retry = response.Headers.RetryAfter;
                return (null, retry?.Delta ?? TimeSpan.FromSeconds(1));
            }

            if (!response.IsSuccessStatusCode)
            {
                throw new MistakeException($"'{request.RequestUri}' answers {(int)response.StatusCode} {response.ReasonPhrase}. Is the address right, and the model loaded?");
            }

            using Stream stream = response.Content.ReadAsStream();
            return (JsonDocument.Parse(stream), TimeSpan.Zero);
        }
        catch (JsonException)
        {
            throw new MistakeException($"'{request.RequestUri}' answers something that is no JSON. Is it the address of an inference server?");
        }
        catch (TaskCanceledException)
        {
            throw new MistakeException($"'{request.RequestUri}' did not answer within {s_timeout.TotalSeconds} s. What was finished is kept; go on with --resume.");
        }
        catch (HttpRequestException exception)
        {
            throw new MistakeException($"'{request.RequestUri}' cannot be reached: {exception.Message}");
        }
    }
}
