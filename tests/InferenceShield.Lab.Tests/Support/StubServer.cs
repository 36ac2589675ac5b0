using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InferenceShield.Lab.Tests;

/// <summary>A real server on a free port of this machine, which follows the Open Inference Protocol until told otherwise.</summary>
/// <remarks>Its model takes rows of [3] and answers with two numbers: the sum of a row and the first number.</remarks>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private StubServer(WebApplication application) => _application = application;

    /// <summary>What the model's description says.</summary>
    public string Description { get; set; } =
        """{"name":"toy","versions":["1"],"platform":"stub","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]}]}""";

    /// <summary>What it says of being ready.</summary>
    public string Readiness { get; set; } = """{"ready":true}""";

    /// <summary>The answer to an infer request, given its number and its body; null for what the protocol asks for.</summary>
    public Func<HttpContext, int, string, Task>? Answer { get; set; }

    /// <summary>Bodies of infer requests, in order.</summary>
    public List<string> Bodies { get; } = [];

    /// <summary>The headers X-Api-Key that came, in order.</summary>
    public List<string> Keys { get; } = [];

    public Uri Address { get; private set; } = null!;

    public static async Task<StubServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication application = builder.Build();
        StubServer server = new(application);
        application.Run(server.ServeAsync);
        await application.StartAsync();
        server.Address = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return server;
    }

    /// <summary>Writes a success.</summary>
    public static Task WriteAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    /// <summary>What the protocol asks for, in flat data.</summary>
    public static string AnswerTo(string body)
    {
        using System.Text.Json.JsonDocument request = System.Text.Json.JsonDocument.Parse(body);
        System.Text.Json.JsonElement input = request.RootElement.GetProperty("inputs")[0];
        Assert.Equal("x", input.GetProperty("name").GetString());
        Assert.Equal("FP32", input.GetProperty("datatype").GetString());
        float[] data = [.. input.GetProperty("data").EnumerateArray().Select(value => value.GetSingle())];
        Assert.Equal([data.Length / 3, 3], input.GetProperty("shape").EnumerateArray().Select(value => value.GetInt32()));
        Assert.Equal("y", request.RootElement.GetProperty("outputs")[0].GetProperty("name").GetString());
        IEnumerable<float> answers = data.Chunk(3).SelectMany(row => new[] { row[0] + row[1] + row[2], row[0] });
        return $$"""{"model_name":"toy","outputs":[{"name":"y","datatype":"FP32","shape":[{{data.Length / 3}},2],"data":[{{string.Join(',', answers.Select(value => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}}]}]}""";
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new(TimeSpan.Zero);
        await _application.StopAsync(now.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        await _application.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        Keys.Add(context.Request.Headers["X-Api-Key"].ToString());
        switch (context.Request.Method, context.Request.Path.Value)
        {
            case ("GET", "/base/v2/models/toy/ready"):
                await WriteAsync(context, Readiness);
                break;
            case ("GET", "/base/v2/models/toy"):
                await WriteAsync(context, Description);
                break;
            case ("POST", "/base/v2/models/toy/infer"):
                using (StreamReader reader = new(context.Request.Body, Encoding.UTF8))
                {
                    Bodies.Add(await reader.ReadToEndAsync());
                }

                await (Answer ?? ((answer, _, body) => WriteAsync(answer, AnswerTo(body))))(context, Bodies.Count, Bodies[^1]);
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }
}
