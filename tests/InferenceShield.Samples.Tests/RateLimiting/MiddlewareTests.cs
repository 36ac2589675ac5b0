using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Threading.RateLimiting;
using InferenceShield.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace InferenceShield.Samples.Tests.RateLimiting;

/// <summary>The shield's limiters in ASP.NET Core's rate limiting middleware, in process.</summary>
public sealed class MiddlewareTests
{
    public enum Placing
    {
        Global,
        Chained,
        Policy,
    }

    public static TheoryData<Placing> Placings { get; } = [.. Enum.GetValues<Placing>()];

    [Theory]
    [MemberData(nameof(Placings))]
    public async Task Over_the_limit_is_429_with_the_leases_wait_and_counted_once(Placing placing)
    {
        ManualTimeProvider clock = new();
        using Shield shield = Build(clock);
        await using WebApplication app = await StartAsync(shield, placing);
        using HttpClient alice = Client(app, "alice");
        using HttpClient bob = Client(app, "bob");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal((HttpStatusCode.OK, null), await AskAsync(alice));
        }

        for (int refused = 1; refused <= 5; refused++)
        {
            Assert.Equal((HttpStatusCode.TooManyRequests, "20"), await AskAsync(alice));
            ShieldStatistics statistics = shield.GetStatistics();
            Assert.Equal((3, refused), (statistics.Admitted, statistics.Refused));
        }

        Assert.Equal(HttpStatusCode.OK, (await AskAsync(bob)).Status);
        clock.Advance(TimeSpan.FromSeconds(20) - TimeSpan.FromTicks(1));
        Assert.Equal((HttpStatusCode.TooManyRequests, "1"), await AskAsync(alice));
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.Equal((HttpStatusCode.OK, null), await AskAsync(alice));
        Assert.True(shield.TryGetCaller(shield.IdentifyCaller("alice"), out CallerStatistics ofAlice));
        Assert.Equal((4, 4, 6, 6), (ofAlice.Calls, ofAlice.Admitted, ofAlice.RefusedCalls, ofAlice.Refused));
    }

    [Fact]
    public async Task Observed_requests_are_all_let_through_and_those_over_the_limit_counted_once()
    {
        using Shield shield = Build(new ManualTimeProvider(), ShieldMode.ObserveOnly);
        await using WebApplication app = await StartAsync(shield, Placing.Global);
        using HttpClient alice = Client(app, "alice");
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal((HttpStatusCode.OK, null), await AskAsync(alice));
        }

        Assert.Equal((3, 0, 5), (shield.GetStatistics().Admitted, shield.GetStatistics().Refused, shield.GetStatistics().WouldBeRefused));
    }

    [Fact]
    public async Task A_revoked_caller_is_refused_on_its_next_request()
    {
        using Shield shield = Build(new ManualTimeProvider());
        await using WebApplication app = await StartAsync(shield, Placing.Policy);
        using HttpClient alice = Client(app, "alice");
        Assert.Equal((HttpStatusCode.OK, null), await AskAsync(alice));
        shield.Overrides.Revoke(shield.IdentifyCaller("alice"));
        Assert.Equal((HttpStatusCode.TooManyRequests, "86400"), await AskAsync(alice));
        shield.Overrides.Restore(shield.IdentifyCaller("alice"));
        Assert.Equal((HttpStatusCode.OK, null), await AskAsync(alice));
    }

    /// <summary>3 requests a minute and a burst of 3.</summary>
    private static Shield Build(TimeProvider clock, ShieldMode mode = ShieldMode.Enforce) => new ShieldBuilder("model")
        .UseSecret(ShieldSecrets.FromBytes(SHA256.HashData("test secret"u8)))
        .AddOutput("scores", OutputKind.Probabilities)
        .UseTimeProvider(clock)
        .Configure(options =>
        {
            options.Mode = mode;
            options.Admission.PerCaller = new LimitOptions { Queries = 3, Period = TimeSpan.FromMinutes(1), Burst = 3 };
            options.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromMinutes(1), Burst = 1 };
            options.Callers.Capacity = 16;
        })
        .Build();

    private static async Task<WebApplication> StartAsync(Shield shield, Placing placing)
    {
        ConcurrentDictionary<string, CallerHandle> handles = new();
        CallerHandle Find(HttpContext context) =>
            handles.GetOrAdd(context.Request.Headers["X-Caller"].ToString(), name => shield.GetHandle(shield.IdentifyCaller(name)));

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Services.AddRateLimiter(options =>
        {
            options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            options.OnRejected = static (context, _) =>
            {
                if (context.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait))
                {
                    context.HttpContext.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                }

                return ValueTask.CompletedTask;
            };
            switch (placing)
            {
                case Placing.Global:
                    options.GlobalLimiter = new ShieldPartitionedRateLimiter<HttpContext>(Find);
                    break;
                case Placing.Chained:
                    options.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                        PartitionedRateLimiter.Create<HttpContext, int>(_ => RateLimitPartition.GetConcurrencyLimiter(0, _ => new ConcurrencyLimiterOptions { PermitLimit = 2 })),
                        new ShieldPartitionedRateLimiter<HttpContext>(Find));
                    break;
                default:
                    options.AddPolicy("shield", context => RateLimitPartition.Get(Find(context), handle => new ShieldRateLimiter(handle)));
                    break;
            }
        });
        WebApplication app = builder.Build();
        app.UseRateLimiter();
        IEndpointConventionBuilder endpoint = app.MapGet("/", () => "answer");
        if (placing == Placing.Policy)
        {
            endpoint.RequireRateLimiting("shield");
        }

        await app.StartAsync();
        return app;
    }

    private static HttpClient Client(WebApplication app, string caller)
    {
        HttpClient client = app.GetTestClient();
        client.DefaultRequestHeaders.Add("X-Caller", caller);
        return client;
    }

    private static async Task<(HttpStatusCode Status, string? RetryAfter)> AskAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.GetAsync("/");
        return (response.StatusCode, response.Headers.TryGetValues("Retry-After", out IEnumerable<string>? values) ? Assert.Single(values) : null);
    }
}
