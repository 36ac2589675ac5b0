using InferenceShield.OnnxRuntime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's dependency injection example, as it stands there.</summary>
internal static class DependencyInjectionSnippet
{
    public static async Task<ShieldedSession> RunAsync(HostApplicationBuilder builder, Action<IHost> started)
    {
        // begin: di
        builder.Services.AddInferenceShield(builder.Configuration.GetSection("InferenceShield"))
            .AddModel("fashion", model => model
                .UseOnnxRuntime("fashion.onnx")
                .AddOutput("probabilities", OutputKind.Probabilities));
        builder.Services.AddHealthChecks().AddInferenceShield();

        // hidden: begin
        IHost host = builder.Build();
        await host.StartAsync();
        IServiceProvider services = host.Services;
        started(host);

        // hidden: end
        // Anywhere: ([FromKeyedServices("fashion")] ShieldedSession session)
        ShieldedSession session = services.GetRequiredKeyedService<ShieldedSession>("fashion");
        // end
        return session;
    }
}
