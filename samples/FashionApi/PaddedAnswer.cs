using System.Net.Mime;
using System.Text.Json;

namespace InferenceShield.Samples.FashionApi;

/// <summary>An answer as JSON, with blanks after it up to a length that rows and labels alone decide.</summary>
/// <remarks>0 and 1 are shorter than 0.85: without the blanks, which JSON allows, whoever sees only the length of encrypted answers could
/// tell coarse answers from fine ones, and so who is being suspected. Do not compress such answers: that would tell again.</remarks>
internal sealed class PaddedAnswer(PredictResponse response, int length) : IResult
{
    /// <summary>{"predictions":[ and ]}, and {"label":"","class":,"probabilities":[]}, for each row.</summary>
    private const int AroundRows = 18;
    private const int AroundRow = 42;

    /// <summary>The longest float from 0 to 1, as 1.2345678E-10, and a comma.</summary>
    private const int LongestNumber = 16;

    /// <summary>Bytes that no answer to so many rows exceeds.</summary>
    public static int LengthOf(int rows, string[] labels) =>
        AroundRows + (rows * (AroundRow + labels.Max(label => JsonEncodedText.Encode(label).EncodedUtf8Bytes.Length) + (LongestNumber * (labels.Length + 1))));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(response, ApiJsonContext.Default.PredictResponse);
        byte[] body = new byte[Math.Max(length, json.Length)];
        body.AsSpan(json.Length).Fill((byte)' ');
        json.CopyTo(body, 0);
        httpContext.Response.ContentType = MediaTypeNames.Application.Json + "; charset=utf-8";
        httpContext.Response.ContentLength = body.Length;
        await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}
