using InferenceShield.OnnxRuntime;

namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's console example, as it stands there.</summary>
internal static class ConsoleSnippet
{
    public static void Run(float[] image, float[] answer)
    {
        // begin: console
        using Shield shield = new ShieldBuilder("fashion")
            .UseSecret(ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_SECRET")) // openssl rand -base64 32
            .AddOutput("probabilities", OutputKind.Probabilities)
            .Build();
        using ShieldedSession session = new(shield, "fashion.onnx");

        CallerKey caller = shield.IdentifyCaller("customer-17"); // a keyed hash; the name is not kept
        Admission admission = session.Run(caller, image, answer);
        if (!admission.IsAdmitted)
        {
            Console.WriteLine($"Come back in {admission.RetryAfter}");
        }
        // end
    }
}
