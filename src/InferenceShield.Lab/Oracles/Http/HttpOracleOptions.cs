namespace InferenceShield.Lab;

/// <summary>Which server an <see cref="HttpOracle"/> asks, and how.</summary>
public sealed class HttpOracleOptions
{
    /// <summary>The server's address, up to what stands before <c>v1</c> or <c>v2</c>.</summary>
    /// <value>http or https, without user, query or fragment. Required. Redirects are not followed.</value>
    public required Uri Endpoint { get; init; }

    /// <summary>The model's name on the server.</summary>
    public required string Model { get; init; }

    /// <summary>That you own the model, or that its owner has authorised you to test it in this way.</summary>
    /// <value>Required to be <see langword="true"/>: extracting other people's models is against their terms and, in many places, the law.</value>
    public required bool IsAuthorised { get; init; }

    /// <summary>Whether the server may be another machine than this one.</summary>
    /// <value>The default is <see langword="false"/>: loopback addresses only, and no proxy.</value>
    public bool AllowRemoteHosts { get; init; }

    /// <summary>How the server wants to be asked.</summary>
    /// <value>The default is <see cref="HttpProtocol.OpenInference"/>.</value>
    public HttpProtocol Protocol { get; init; }

    /// <summary>The API key, sent in <see cref="ApiKeyHeader"/>; shown in no message.</summary>
    /// <value>The default, <see langword="null"/>, sends none. To a remote host it is sent over https only.</value>
    public string? ApiKey { get; init; }

    /// <summary>The header that carries the key.</summary>
    /// <value>The default is <c>X-Api-Key</c>.</value>
    public string ApiKeyHeader { get; init; } = "X-Api-Key";

    /// <summary>The output to read.</summary>
    /// <value>The default, <see langword="null"/>, is the only one.</value>
    public string? Output { get; init; }

    /// <summary>Rows in a request.</summary>
    /// <value>At least 1; the default is 32. A model whose first dimension is fixed at 1 is asked row by row.</value>
    public int RowsPerCall { get; init; } = 32;

    /// <summary>How long one request may take, its whole answer included.</summary>
    /// <value>More than zero; the default is 30 seconds.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is sent again after a timeout, a broken connection or the statuses 408, 500, 502, 503 and 504.</summary>
    /// <value>0 to 10; the default is 2, after waits of 0.2 and 0.4 seconds. Refusals are no failures: see <see cref="RetryOracle"/>.</value>
    public int Retries { get; init; } = 2;

    /// <summary>The largest answer to one request that is read.</summary>
    /// <value>At least 1; the default is 16 MiB.</value>
    public int MaxResponseBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The clock of the oracle, on which <see cref="RetryOracle"/> and evasions wait. Timeouts are always real.</summary>
    /// <value>The default is <see cref="TimeProvider.System"/>; a <see cref="SimulatedTimeProvider"/> where the server runs in this process and shares it.</value>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <exception cref="ArgumentException">The first fault, and what is allowed.</exception>
    internal void Validate()
    {
        Check(IsAuthorised, nameof(IsAuthorised), "must be true: ask only models that you own or are authorised to test");
        Check(
            Endpoint is { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" },
            nameof(Endpoint),
            "must be an absolute http or https address without user, query and fragment");
        Check(AllowRemoteHosts || Endpoint.IsLoopback, nameof(Endpoint), $"is another machine; only loopback addresses are asked unless {nameof(AllowRemoteHosts)} is set");
        Check(Model is not (null or "" or "." or ".."), nameof(Model), "must name the model");
        Check(Enum.IsDefined(Protocol), nameof(Protocol), "is unknown");
        Check(
            ApiKey is null || (ApiKey.Length > 0 && !ApiKey.AsSpan().ContainsAnyExceptInRange('!', '~')),
            nameof(ApiKey),
            "must be printable ASCII without spaces, or null");
        Check(ApiKey is null || Endpoint.IsLoopback || Endpoint.Scheme == "https", nameof(ApiKey), "is sent to a remote host over https only");
        Check(
            !string.IsNullOrEmpty(ApiKeyHeader) && ApiKeyHeader.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'),
            nameof(ApiKeyHeader),
            "must be a header name: letters, digits, '-' and '_'");
        Check(RowsPerCall >= 1, nameof(RowsPerCall), "must be at least 1");
        Check(Timeout > TimeSpan.Zero && Timeout < TimeSpan.FromDays(1), nameof(Timeout), "must be more than zero and less than a day");
        Check(Retries is >= 0 and <= 10, nameof(Retries), "must be 0 to 10");
        Check(MaxResponseBytes >= 1, nameof(MaxResponseBytes), "must be at least 1");
        Check(Time is not null, nameof(Time), "must be a clock");
    }

    private static void Check(bool holds, string name, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"{nameof(HttpOracleOptions)}.{name} {rule}.");
        }
    }
}
