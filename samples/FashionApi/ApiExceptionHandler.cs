using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;

namespace InferenceShield.Samples.FashionApi;

/// <summary>Turns exceptions into answers. Only the message of an InvalidQueryException is meant for callers; the others go to the log.</summary>
internal sealed class ApiExceptionHandler(ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    private const string Expected = "The body is not the JSON {\"instances\": [[numbers], ...]}";
    private const int LongestPath = 64;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        (int status, string? detail) = exception switch
        {
            InvalidQueryException query => (StatusCodes.Status400BadRequest, query.Message),
            BadHttpRequestException { InnerException: JsonException json } => (StatusCodes.Status400BadRequest, $"{Expected}{Locate(json)}."),
            BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } => (StatusCodes.Status400BadRequest, $"{Expected}."),
            BadHttpRequestException request => (request.StatusCode, null),
            _ => (StatusCodes.Status500InternalServerError, "The query could not be answered."),
        };
        if (status == StatusCodes.Status500InternalServerError)
        {
            logger.LogError(exception, "A query could not be answered");
        }

        await TypedResults.Problem(detail, statusCode: status).ExecuteAsync(httpContext);
        return true;
    }

    private static string Locate(JsonException exception) => FormattableString.Invariant(
        $": line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}{(exception.Path is { Length: <= LongestPath } path ? $", at {path}" : "")}");
}
