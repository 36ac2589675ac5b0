using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>A model behind HTTP, for models that you own or are authorised to test.</summary>
/// <remarks>
/// <para>Asks this machine only, unless told otherwise, and follows no redirect. A batch is asked in requests of a few rows.
/// 429, and 503 with Retry-After, are refusals that end the batch; 403 is one that waiting does not help against.
/// Failures are retried as <see cref="HttpOracleOptions.Retries"/> says; the server may have counted a failed request all the same.</para>
/// <para>Messages hold no key, no input and nothing of what the server wrote. Not thread-safe.</para>
/// </remarks>
public sealed class HttpOracle : IOracle, IDisposable
{
    private readonly HttpOracleOptions _options;
    private readonly HttpSender _sender;
    private readonly InferenceProtocol _protocol;
    private readonly RemoteTensor _input;
    private readonly RemoteTensor _output;
    private readonly int _rowsPerCall;

    private HttpOracle(HttpOracleOptions options, HttpSender sender, InferenceProtocol protocol, RemoteTensor input, RemoteTensor output)
    {
        _options = options;
        _sender = sender;
        _protocol = protocol;
        _input = input;
        _output = output;
        _rowsPerCall = input.Rows > 0 ? (int)input.Rows : options.RowsPerCall;
    }

    /// <inheritdoc/>
    public int InputLength => _input.Length;

    /// <inheritdoc/>
    public int AnswerLength => _output.Length;

    /// <inheritdoc/>
    public TimeProvider Time => _options.Time;

    /// <summary>Asks a server what its model takes and gives.</summary>
    /// <param name="options">Which server, and how.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ArgumentException">An option is at fault: no authorisation, another machine, and so on.</exception>
    /// <exception cref="OracleException">The server cannot be asked, the model is not ready, or it is not one that can be asked.</exception>
    public static async Task<HttpOracle> ConnectAsync(HttpOracleOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        InferenceProtocol protocol = InferenceProtocol.Of(options);
        HttpSender? sender = new(options);
        try
        {
            if (protocol.ReadinessPath is not null)
            {
                HttpReply readiness = await sender.SendAsync(protocol.ReadinessPath, null, cancellationToken).ConfigureAwait(false);
                CheckReadiness(options, readiness);
            }

            HttpReply reply = await sender.SendAsync(protocol.DescriptionPath, null, cancellationToken).ConfigureAwait(false);
            using JsonDocument description = Parse(options, reply);
            (RemoteTensor input, RemoteTensor output) = ReadText(options, () => protocol.ReadDescription(description.RootElement, options.Output));
            if (input.Rows > 1)
            {
                throw new OracleException($"The model takes exactly {input.Rows} rows a request; the oracle asks any number. Serve it with a dynamic first dimension.");
            }

            HttpOracle oracle = new(options, sender, protocol, input, output);
            sender = null;
            return oracle;
        }
        finally
        {
            sender?.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A row holds a number that is not finite.</exception>
    /// <exception cref="OracleException">The server does not answer, or with something else than was asked for.</exception>
    public async ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        CheckFinite(inputs.Span);
        ArrayBufferWriter<byte> body = new();
        for (int asked = 0; asked < rows; asked += _rowsPerCall)
        {
            int count = Math.Min(_rowsPerCall, rows - asked);
            Write(body, inputs.Span.Slice(asked * InputLength, count * InputLength));
            HttpReply reply = await _sender.SendAsync(_protocol.AskPath, body.WrittenMemory, cancellationToken).ConfigureAwait(false);
            bool isBlocked = reply.Status == HttpStatusCode.Forbidden;
            if (reply.IsRefusal || isBlocked)
            {
                return new OracleReply(asked, reply.RetryAfter ?? TimeSpan.Zero, default, rows - asked - count, WaitingHelps: !isBlocked);
            }

            using JsonDocument answer = Parse(_options, reply);
            Memory<float> part = answers.Slice(asked * AnswerLength, count * AnswerLength);
            _ = ReadText(_options, () =>
            {
                _protocol.ReadAnswers(answer.RootElement, _output, part.Span);
                return part.Length;
            });
        }

        return new OracleReply(rows);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _sender.Dispose();

    private void Write(ArrayBufferWriter<byte> body, ReadOnlySpan<float> inputs)
    {
        body.ResetWrittenCount();
        using Utf8JsonWriter writer = new(body);
        _protocol.WriteRequest(writer, _input, _output, inputs);
    }

    private void CheckFinite(ReadOnlySpan<float> inputs)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            if (!float.IsFinite(inputs[i]))
            {
                throw new ArgumentException($"Value {i % InputLength} of row {i / InputLength} is no finite number, and JSON holds no other.", nameof(inputs));
            }
        }
    }

    /// <summary>The protocol lets a server say it by its status or in words.</summary>
    private static void CheckReadiness(HttpOracleOptions options, HttpReply reply)
    {
        bool isReady = reply.IsSuccess;
        if (isReady && reply.Body.Length > 0)
        {
            using JsonDocument readiness = Parse(options, reply);
            isReady = ReadText(options, () => !(readiness.RootElement.ValueKind == JsonValueKind.Object
                && readiness.RootElement.TryGetProperty("ready", out JsonElement ready) && ready.ValueKind == JsonValueKind.False));
        }

        if (!isReady)
        {
            throw reply.IsSuccess || reply.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadRequest
                ? new OracleException($"The model is not ready on {options.Endpoint.Authority}. Load it, or wait until it is loaded.")
                : Failure(options, reply.Status);
        }
    }

    private static JsonDocument Parse(HttpOracleOptions options, HttpReply reply)
    {
        if (!reply.IsSuccess)
        {
            throw Failure(options, reply.Status);
        }

        try
        {
            return JsonDocument.Parse(reply.Body);
        }
        catch (JsonException exception)
        {
            throw new OracleException(string.Create(CultureInfo.InvariantCulture,
                $"The answer of {options.Endpoint.Authority} is no JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}); NaN and infinity are none either. Check the endpoint and the protocol."));
        }
    }

    /// <summary>Reads what may hold strings: JSON whose syntax is right may still hold bytes or escapes that are no text.</summary>
    private static T ReadText<T>(HttpOracleOptions options, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw new OracleException($"The answer of {options.Endpoint.Authority} holds a string that is no Unicode. Check the endpoint and the protocol.");
        }
    }

    private static OracleException Failure(HttpOracleOptions options, HttpStatusCode status)
    {
        string hint = (int)status switch
        {
            >= 300 and < 400 => "Redirects are not followed: set the endpoint to where it leads",
            401 or 403 => $"Set {nameof(HttpOracleOptions.ApiKey)}, and {nameof(HttpOracleOptions.ApiKeyHeader)} if the server reads another header",
            404 or 405 => "Check the endpoint, the model's name and the protocol",
            413 => $"Set {nameof(HttpOracleOptions.RowsPerCall)} lower",
            429 => "It refuses even to describe the model: wait, and ask more slowly",
            >= 500 => "The server failed, also when asked again: see its log",
            _ => "It does not take such a request: check the protocol and the shape of the rows",
        };
        return new OracleException($"The server {options.Endpoint.Authority} answered with {(int)status}. {hint}.");
    }
}
