using System.Runtime.CompilerServices;
using InferenceShield;
using InferenceShield.OnnxRuntime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Probe;

/// <summary>What the tests cannot do in their own process: be the first to start ONNX Runtime, or start it too early.</summary>
/// <remarks>Arguments: the model (x: float [batch, n] to y: logits) and the mode. Runs it once behind a shield and
/// prints every health warning as a line that begins with "warning: ", and at last "done".</remarks>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        string model = arguments[0];
        string mode = arguments[1];
        switch (mode)
        {
            case "default":
            case "option":
                break;
            case "switch":
                AppContext.SetSwitch("InferenceShield.OnnxRuntime.AllowRuntimeTelemetry", true);
                break;
            case "runtime-first":
                StartRuntime();
                break;
            default:
                Console.Error.WriteLine($"The mode '{mode}' is not known.");
                return 2;
        }

        RunOnce(model, allowRuntimeTelemetry: mode == "option");
        Console.WriteLine("done");
        return 0;
    }

    // Not inlined: whatever mentions a type of InferenceShield.OnnxRuntime must not be compiled, and so not loaded, before it is called.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StartRuntime() => OrtEnv.Instance();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunOnce(string model, bool allowRuntimeTelemetry)
    {
        ServiceCollection services = new();
        services.AddInferenceShield()
            .UseSecret(ShieldSecrets.Ephemeral())
            .AddModel("probe", builder => builder
                .UseOnnxRuntime(options =>
                {
                    options.ModelPath = model;
                    options.AllowRuntimeTelemetry = allowRuntimeTelemetry;
                })
                .AddOutput("y", OutputKind.Logits));
        using ServiceProvider provider = services.BuildServiceProvider();
        ShieldedSession session = provider.GetRequiredKeyedService<ShieldedSession>("probe");
        float[] input = new float[session.Inputs[0].Dimensions[1]];
        float[] released = new float[session.Outputs[0].Dimensions[1]];
        if (!session.Run(session.Shield.IdentifyCaller("probe"), input, released).IsAdmitted)
        {
            throw new InvalidOperationException("The one call was refused.");
        }

        foreach (string warning in provider.GetServices<IShieldHealthContributor>().SelectMany(contributor => contributor.GetWarnings()))
        {
            Console.WriteLine("warning: " + warning);
        }
    }
}
