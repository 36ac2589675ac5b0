using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace InferenceShield.Lab;

/// <summary>Sends requests under the one policy of timeouts, retries and sizes.</summary>
internal sealed class HttpSender : IDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(200);
    private static readonly MediaTypeHeaderValue s_json = new("application/json");

    private readonly HttpOracleOptions _options;
    private readonly HttpClient _client;

    public HttpSender(HttpOracleOptions options)
    {
        _options = options;
        string address = options.Endpoint.AbsoluteUri;
#pragma warning disable CA2000 // the client disposes it
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false, // a redirect could lead off this machine, and take the key along
            UseCookies = false,
            UseProxy = options.AllowRemoteHosts,
            AutomaticDecompression = DecompressionMethods.None, // the size on the wire is the size in memory
        };
#pragma warning restore CA2000
        _client = new HttpClient(handler)
        {
            BaseAddress = new Uri(address.EndsWith('/') ? address : address + "/"),
            Timeout = Timeout.InfiniteTimeSpan, // the token's: it covers the body, too
        };
        if (options.ApiKey is not null)
        {
            _client.DefaultRequestHeaders.TryAddWithoutValidation(options.ApiKeyHeader, options.ApiKey);
        }
    }

    /// <summary>Sends a request, again if it fails, and reads the answer.</summary>
    /// <param name="path">Where to, below the endpoint.</param>
    /// <param name="body">The JSON to post; null to get.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OracleException">No answer, or one that is too large.</exception>
    public async Task<HttpReply> SendAsync(string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        TimeSpan pause = s_firstPause;
        for (int left = _options.Retries; ; left--)
        {
            string fault;
            Exception? cause;
            try
            {
                HttpReply reply = await SendOnceAsync(path, body, cancellationToken).ConfigureAwait(false);
                if (left == 0 || reply.IsRefusal || !IsTransient(reply.Status))
                {
                    return reply;
                }

                (fault, cause) = ("", null);
            }
            catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
            {
                (fault, cause) = (FormattableString.Invariant($"did not answer within {_options.Timeout.TotalSeconds:0.###} s. Raise the timeout, or ask fewer rows a call"), exception);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                (fault, cause) = ("cannot be reached, or broke off. See whether it runs and speaks HTTP", exception);
            }

            if (left == 0)
            {
                throw new OracleException($"The server {_options.Endpoint.Authority} {fault}.", cause!);
            }

            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            pause *= 2;
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpReply> SendOnceAsync(string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_options.Timeout);
        using HttpRequestMessage request = new(body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(path, UriKind.Relative));
        if (body is { } json)
        {
            request.Content = new ReadOnlyMemoryContent(json);
            request.Content.Headers.ContentType = s_json;
        }

        using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token).ConfigureAwait(false);
        ReadOnlyMemory<byte> answer = response.IsSuccessStatusCode ? await ReadAsync(response.Content, timeout.Token).ConfigureAwait(false) : default;
        return new HttpReply(response.StatusCode, RetryAfter(response.Headers.RetryAfter), answer);
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > _options.MaxResponseBytes)
        {
            throw TooLarge();
        }

        using Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        ArrayBufferWriter<byte> answer = new();
        byte[] buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            if (answer.WrittenCount + read > _options.MaxResponseBytes)
            {
                throw TooLarge();
            }

            answer.Write(buffer.AsSpan(0, read));
        }

        return answer.WrittenMemory;
    }

    private OracleException TooLarge() => new(
        $"The answer of {_options.Endpoint.Authority} is larger than {_options.MaxResponseBytes} bytes. Ask fewer rows a call, or raise {nameof(HttpOracleOptions.MaxResponseBytes)}.");

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header)
    {
        TimeSpan? wait = header?.Delta ?? header?.Date - _options.Time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static bool IsTransient(HttpStatusCode status) => status is
        HttpStatusCode.RequestTimeout or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway
        or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}
