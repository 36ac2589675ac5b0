using System.Net;

namespace InferenceShield.Lab;

/// <summary>What a server answered.</summary>
/// <param name="Status">The status.</param>
/// <param name="RetryAfter">What the header Retry-After says; null if there is none that can be read.</param>
/// <param name="Body">The body of a success; empty otherwise.</param>
internal sealed record HttpReply(HttpStatusCode Status, TimeSpan? RetryAfter, ReadOnlyMemory<byte> Body)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>A refusal that waiting may help against.</summary>
    public bool IsRefusal => Status == HttpStatusCode.TooManyRequests || (Status == HttpStatusCode.ServiceUnavailable && RetryAfter is not null);
}
