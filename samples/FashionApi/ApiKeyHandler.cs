using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Primitives;

namespace InferenceShield.Samples.FashionApi;

/// <summary>Authenticates by the header <c>X-Api-Key</c>, before a body is read.</summary>
internal sealed class ApiKeyHandler(ApiKeys keys) : IAuthenticationHandler
{
    public const string SchemeName = "ApiKey";
    public const string HeaderName = "X-Api-Key";

    private HttpContext? _context;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        _context = context;
        return Task.CompletedTask;
    }

    public Task<AuthenticateResult> AuthenticateAsync()
    {
        StringValues header = _context!.Request.Headers[HeaderName];
        if (header.Count == 0)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        if (header.Count > 1 || keys.Find(header.ToString()) is not { } caller)
        {
            return Task.FromResult(AuthenticateResult.Fail("Not one of the configured API keys."));
        }

        _context.Features.Set(caller);
        ClaimsIdentity identity = new([new Claim(ClaimTypes.Name, caller.Name)], SchemeName);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName)));
    }

    public Task ChallengeAsync(AuthenticationProperties? properties)
    {
        _context!.Response.StatusCode = StatusCodes.Status401Unauthorized;
        _context.Response.Headers.WWWAuthenticate = SchemeName;
        return Task.CompletedTask;
    }

    public Task ForbidAsync(AuthenticationProperties? properties)
    {
        _context!.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }
}
