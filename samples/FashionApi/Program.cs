using System.Text.Json.Serialization;
using InferenceShield;
using InferenceShield.Samples.FashionApi;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);

// The shielded model. Secret, file, rates and hardening are in the section InferenceShield of appsettings.json.
builder.Services.AddInferenceShield(builder.Configuration.GetSection("InferenceShield"))
    .AddModel("fashion", model => model
        .UseOnnxRuntime()
        .AddOutput("probabilities", OutputKind.Probabilities)); // logits and embedding are never returned
builder.Services.AddSingleton<ModelCatalog>();

// Who asks: API keys, of which the configuration holds only hashes.
builder.Services.AddSingleton<ApiKeys>();
builder.Services.AddAuthenticationCore(authentication => authentication.AddScheme<ApiKeyHandler>(ApiKeyHandler.SchemeName, null));
builder.Services.AddAuthorization();

// What is answered: JSON by generated code; every error a ProblemDetails that tells nothing of the inside.
builder.Services.ConfigureHttpJsonOptions(json =>
{
    json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJsonContext.Default);
    json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict; // "0.5" is no number
});
builder.Services.AddProblemDetails();
builder.Services.AddExceptionHandler<ApiExceptionHandler>();
builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
builder.Services.AddHealthChecks().AddInferenceShield();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1024 * 1024);

WebApplication app = builder.Build();
app.Services.GetRequiredService<ApiKeys>(); // loads models and keys: what is wrong with them stops the start, not the first call

app.UseExceptionHandler();
app.UseStatusCodePages(static page => TypedResults.Problem(statusCode: page.HttpContext.Response.StatusCode).ExecuteAsync(page.HttpContext));
app.UseAuthentication();
app.UseAuthorization();
app.MapHealthChecks("/healthz");
app.MapModels();
app.Run();
